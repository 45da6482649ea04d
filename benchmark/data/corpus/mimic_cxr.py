"""MIMIC-CXR: frontal images, report sections and labels by the protocol's rules (datasets.md, MIMIC-CXR)."""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmark.contract.corpus import CHEXPERT_LABELS
from benchmark.contract.dataset import SPLIT_NAMES
from benchmark.contract.phantom import PHANTOM_FILE
from benchmark.data.corpus.listing import ListedImage, ListedStudy, Listing, NoReportError, ReportText
from benchmark.data.corpus.mimic_reports import Reports, open_reports
from benchmark.data.corpus.mimic_tables import RAW_LABELS, TABLE, binary_labels, read_images, read_labels
from benchmark.data.corpus.reports.sections import parse_sections, select
from benchmark.disk.digest import file_sha256

TEXT_FOLDER, IMAGE_FOLDER = "mimic-cxr_2-0-0", "mimic-cxr-jpg_2-0-0"
VIEWS = ("PA", "AP")
MINIMUM_TOKENS = 3
GROUPS = tuple(f"p{number}" for number in range(10, 20))

OTHER_VIEW = "images: view is neither PA nor AP"
EXCLUDED = "studies: on the exclusion list"
NO_FILE = "studies: report file is missing"
NO_SECTION = "studies: report has neither findings nor impression"


@cache
def excluded_studies() -> frozenset[int]:
    """Return the studies that are dropped because the section rules do not fit them."""
    text = files("benchmark.data.corpus").joinpath("mimic_excluded.yaml").read_text(encoding="utf-8")
    return frozenset(study for studies in yaml.safe_load(text).values() for study in studies)


def list_mimic_cxr(raw: Path) -> Listing:
    """List the studies of a raw MIMIC-CXR folder in stored order: split, then subject, then study.

    Raises:
        DataError: A table or the reports are missing or damaged.
    """
    tables = raw / IMAGE_FOLDER
    images, labels = read_images(tables), read_labels(tables)
    reports = open_reports(raw / TEXT_FOLDER)
    left_out: Counter[str] = Counter()
    frontal = images[images["view"].isin(VIEWS)]
    left_out[OTHER_VIEW] = len(images) - len(frontal)
    studies, unlabelled = [], 0
    for (_, subject, study), rows in groupby(_in_order(frontal), key=lambda row: row[:3]):
        if study in excluded_studies():
            left_out[EXCLUDED] += 1
            continue
        raw_labels = labels.get((subject, study))
        unlabelled += raw_labels is None
        studies.append(_study(list(rows), raw_labels or (np.nan,) * len(RAW_LABELS)))
    phantom = (raw / PHANTOM_FILE).is_file()
    return Listing(
        name="mimic-cxr",
        display_name="phantom MIMIC-CXR" if phantom else "MIMIC-CXR",
        track="phantom" if phantom else "public",
        root=raw,
        studies=studies,
        state=_state(raw, studies, reports),
        label_names=CHEXPERT_LABELS,
        report=lambda study: _report(reports, study),
        minimum_tokens=MINIMUM_TOKENS,
        left_out=left_out,
        notes=_notes(raw, unlabelled),
    )


def study_name(subject: int | str, study: int | str) -> str:
    """Return the path of a study below `files`, such as `p10/p10000032/s50414267`."""
    return f"p{str(subject)[:2]}/p{subject}/s{study}"


Row = tuple[int, int, int, str, str, str]
"""Place of the split, subject, study, dicom_id, view, date."""


def _in_order(images: pd.DataFrame) -> list[Row]:
    """Return the images by split, subject and study; within a study they keep the order of the table."""
    columns = ["subject_id", "study_id", "dicom_id", "view", "date"]
    places = images["split"].map({split: place for place, split in enumerate(SPLIT_NAMES)})
    rows: list[Row] = list(zip(places, *(images[name] for name in columns), strict=True))
    return sorted(rows, key=lambda row: row[:3])


def _study(rows: list[Row], raw_labels: tuple[float, ...]) -> ListedStudy:
    place, subject, study, _, _, date = rows[0]
    folder = f"{IMAGE_FOLDER}/files/{study_name(subject, study)}"
    return ListedStudy(
        id=str(study),
        patient=str(subject),
        split=SPLIT_NAMES[place],
        origin=f"study {study}",
        images=tuple(ListedImage(row[3], f"{folder}/{row[3]}.jpg", row[4]) for row in rows),
        date=date or None,
        labels=binary_labels(raw_labels),
        raw_labels=raw_labels,
    )


def _report(reports: Reports, study: ListedStudy) -> ReportText:
    text = reports.read(study_name(study.patient, study.id))
    if text is None:
        raise NoReportError(NO_FILE)
    selected = select(parse_sections(text))
    if selected is None:
        raise NoReportError(NO_SECTION)
    return ReportText(selected["findings"], selected["impression"])


def _notes(raw: Path, unlabelled: int) -> tuple[str, ...]:
    notes = []
    if missing := [group for group in GROUPS if not (raw / IMAGE_FOLDER / "files" / group).is_dir()]:
        notes.append(f"Patient groups {', '.join(missing)} are missing: not the whole of MIMIC-CXR.")
    if unlabelled:
        notes.append(
            f"{unlabelled} studies have no row in {TABLE.format('chexpert')}: their labels count as blank."
        )
    return tuple(notes)


def _state(raw: Path, studies: list[ListedStudy], reports: Reports) -> list[object]:
    """Return what the corpus is made from: tables by content, images by size and time of change."""
    tables = [
        file_sha256(raw / IMAGE_FOLDER / TABLE.format(kind)) for kind in ("split", "metadata", "chexpert")
    ]
    state: list[object] = []
    for study in studies:
        for image in study.images:
            try:
                known = (raw / image.source).stat()
            except OSError:
                state.append([image.id])
            else:
                state.append([image.id, known.st_size, known.st_mtime_ns])
    names = [study_name(study.patient, study.id) for study in studies]
    return [tables, reports.state(names), state]
