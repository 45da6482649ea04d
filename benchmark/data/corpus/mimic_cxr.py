"""MIMIC-CXR: frontal images, report sections and labels by the protocol's rules (datasets.md section 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from lovt_bench.benchmark.contract.corpus import CHEXPERT_LABELS
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES
from lovt_bench.benchmark.data.corpus.listing import (
    ListedImage,
    ListedStudy,
    Listing,
    NoReportError,
    ReportText,
)
from lovt_bench.benchmark.data.corpus.mimic_reports import PATIENTS_TRIED, Reports, open_reports
from lovt_bench.benchmark.data.corpus.mimic_tables import (
    RAW_LABELS,
    Tables,
    binary_labels,
    find_mimic_tables,
    read_images,
    read_labels,
)
from lovt_bench.benchmark.data.corpus.reports.sections import parse_sections, select
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.inventory import by_reason, relative_name
from lovt_bench.benchmark.data.layout import holds, is_phantom
from lovt_bench.benchmark.disk.digest import file_sha256

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
    text = (
        files("lovt_bench.benchmark.data.corpus").joinpath("mimic_excluded.yaml").read_text(encoding="utf-8")
    )
    return frozenset(study for studies in yaml.safe_load(text).values() for study in studies)


def list_mimic_cxr(raw: Path) -> Listing:
    """List the studies of a raw MIMIC-CXR folder in stored order: split, then subject, then study.

    Raises:
        DataError: A table or the reports are missing or damaged.
    """
    tables = find_mimic_tables(raw)
    folder = _image_folder(tables)
    images, labels = read_images(tables), read_labels(tables)
    reports = open_reports(raw)
    left_out: Counter[str] = Counter()
    images_left_out: Counter[str] = Counter()
    frontal = images[images["view"].isin(VIEWS)]
    left_out[OTHER_VIEW] = images_left_out[OTHER_VIEW] = len(images) - len(frontal)
    studies, unlabelled = [], 0
    source = relative_name(folder, raw)
    for (_, subject, study), rows in groupby(_in_order(frontal), key=lambda row: row[:3]):
        listed = _study(source, list(rows), labels.get((subject, study)))
        if study in excluded_studies():
            left_out[EXCLUDED] += 1
            images_left_out[EXCLUDED] += len(listed.images)
            continue
        unlabelled += (subject, study) not in labels
        studies.append(listed)
    phantom = is_phantom(raw, [tables.split, folder])
    return Listing(
        name="mimic-cxr",
        display_name="phantom MIMIC-CXR" if phantom else "MIMIC-CXR",
        track="phantom" if phantom else "public",
        root=raw,
        studies=studies,
        state=_state(raw, tables, studies, reports),
        images_found=len(images),
        images_left_out=tuple(by_reason(images_left_out)),
        label_names=CHEXPERT_LABELS,
        report=lambda study: _report(reports, study),
        minimum_tokens=MINIMUM_TOKENS,
        left_out=left_out,
        notes=_notes(folder, tables, unlabelled),
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


def _image_folder(tables: Tables) -> Path:
    """Return the folder `files` of the JPEGs, usually beside the tables.

    Raises:
        DataError: There is none; the message says what lies there.
    """
    beside = tables.split.parent / "files"
    if not beside.is_dir():
        raise DataError(
            f"{beside}: the folder of the images is missing; expected MIMIC-CXR-JPG's folder there, with "
            f"p10/p10000032/s50414267/<dicom_id>.jpg. {holds(beside.parent, ['files'])} docs/corpus.md shows the layout"
        )
    patients = list(islice(beside.glob("p1?/p*"), PATIENTS_TRIED))
    if not _has(patients, "jpg") and _has(patients, "dcm"):
        raise DataError(
            f"{beside}: DICOM files there, no JPEG; the protocol reads the images of MIMIC-CXR-JPG. "
            "docs/corpus.md shows the layout"
        )
    return beside


def _has(patients: Sequence[Path], ending: str) -> bool:
    return any(next(patient.glob(f"s*/*.{ending}"), None) for patient in patients)


def _study(files: str, rows: list[Row], raw_labels: tuple[float, ...] | None) -> ListedStudy:
    place, subject, study, _, _, date = rows[0]
    raw_labels = raw_labels or (np.nan,) * len(RAW_LABELS)
    folder = f"{files}/{study_name(subject, study)}"
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


def _notes(folder: Path, tables: Tables, unlabelled: int) -> tuple[str, ...]:
    notes = []
    if missing := [group for group in GROUPS if not (folder / group).is_dir()]:
        notes.append(f"Patient groups {', '.join(missing)} are missing: not the whole of MIMIC-CXR.")
    if unlabelled:
        notes.append(
            f"{unlabelled} studies have no row in {tables.chexpert.name}: their labels count as blank."
        )
    return tuple(notes)


def _state(raw: Path, tables: Tables, studies: list[ListedStudy], reports: Reports) -> list[object]:
    """Return what the corpus is made from: tables by content, images by size and time of change."""
    digests = [file_sha256(path) for path in (tables.split, tables.metadata, tables.chexpert)]
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
    return [digests, reports.state(names), state]
