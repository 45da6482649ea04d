"""MIMIC-CXR and MIMIC-CXR-JPG 2.0.0: JPEGs, zipped reports, metadata, official split, CheXpert labels."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.data.phantom.canvas import Canvas
from lovt_bench.benchmark.data.phantom.files import write_jpeg
from lovt_bench.benchmark.data.phantom.findings import Request
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.lateral import draw_lateral
from lovt_bench.benchmark.data.phantom.layout import Layout, Settings, csv_text
from lovt_bench.benchmark.data.phantom.patient import View
from lovt_bench.benchmark.data.phantom.people import person_of
from lovt_bench.benchmark.data.phantom.randomness import hex_name, stream
from lovt_bench.benchmark.data.phantom.reports.compose import compose
from lovt_bench.benchmark.data.phantom.reports.sentences import LABELS
from lovt_bench.benchmark.data.phantom.requests import several
from lovt_bench.benchmark.data.phantom.scene import Scene, draw_picture

PATTERN = (1, 2)
"""Studies of consecutive subjects."""

LUNG_KINDS = ("pneumonia", "consolidation", "infiltrate", "nodule", "mass")
"""Findings of which one study has at most one a zone."""

TEXT_FOLDER, IMAGE_FOLDER = "mimic-cxr_2-0-0", "mimic-cxr-jpg_2-0-0"


@dataclass(frozen=True)
class Image:
    """One JPEG."""

    dicom: str
    view: str
    height: int
    width: int


@dataclass(frozen=True)
class Record:
    """One study."""

    subject: int
    study: int
    split: str
    images: tuple[Image, ...]
    report: str
    labels: dict[str, int]
    procedure: str

    @property
    def folder(self) -> str:
        """Folder of the study below `files`."""
        return f"p{self.subject // 1_000_000}/p{self.subject}/s{self.study}"


def _requests(rng: np.random.Generator) -> tuple[Request, ...]:
    """A quarter of the studies is normal; the others show one to four findings."""
    if rng.random() < 0.25:
        return ()
    chosen = list(several(LUNG_KINDS, 1, rng)) if rng.random() < 0.5 else []
    for kind, chance in (("atelectasis", 0.25), ("effusion", 0.3), ("cardiomegaly", 0.3), ("edema", 0.2)):
        if rng.random() < chance:
            chosen.append(Request(kind))
    if rng.random() < 0.18:
        chosen.append(Request("pneumothorax"))
    if rng.random() < 0.25:
        chosen.insert(0, Request("device"))
    return tuple(chosen[:4])


def _split(subject: int) -> str:
    return {5: "validate", 7: "test"}.get((3 * subject + subject // 10) % 8, "train")


VIEWS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("PA", "LATERAL"), "CHEST (PA AND LAT)"),
    (("AP",), "CHEST (PORTABLE AP)"),
    (("PA",), "CHEST (PA)"),
    (("AP", "PA"), "CHEST (2 FRONTAL VIEWS)"),
    (("AP",), "CHEST (SINGLE VIEW)"),
)
"""Views of consecutive studies, and the procedure."""


def write(folder: PhantomFolder, index: int, settings: Settings) -> Record:
    """Write the images of one study."""
    seed = settings.seed
    person, _ = person_of(index, PATTERN)
    subject = 10_000_000 + 1_000_000 * (person % 10) + 1000 * (person // 10) + 32
    study = 50_000_000 + 97 * index + int(stream(seed, "mimic-cxr", index, "study").integers(97))
    views, procedure = VIEWS[index % len(VIEWS)]
    key, who = ("mimic-cxr", index), ("mimic-cxr", "person", person)
    rng = stream(seed, *key, "plan")
    requests = _requests(rng)
    aspect = rng.uniform(0.80, 1.22)
    height, width = round(settings.side / max(1, aspect)), round(settings.side * min(1, aspect))
    place = f"{IMAGE_FOLDER}/files/p{subject // 1_000_000}/p{subject}/s{study}"
    images, pictures = [], []
    for turn, view in enumerate(views):
        digits = hex_name(seed, *key, turn, length=40)
        dicom = "-".join(digits[at : at + 8] for at in range(0, 40, 8))
        exposure = (*key, "view", turn)
        if view == "LATERAL":
            pixels = draw_lateral(Canvas(height, width), seed, who, exposure)
        else:
            frontal: View = "AP" if view == "AP" else "PA"
            scene = Scene(seed, who, key, exposure, requests, view=frontal)
            pictures.append(draw_picture(Canvas(height, width), scene))
            pixels = pictures[-1].pixels
        write_jpeg(folder, f"{place}/{dicom}.jpg", pixels, quality=95)
        images.append(Image(dicom, view, height, width))
    report = compose(pictures[0].drawn, pictures[0].patient, procedure, stream(seed, *key, "report"))
    return Record(subject, study, _split(person), tuple(images), report.text, dict(report.labels), procedure)


def _write_table(folder: PhantomFolder, kind: str, content: bytes) -> None:
    folder.write(f"{IMAGE_FOLDER}/mimic-cxr-2.0.0-{kind}.csv.gz", gzip.compress(content, mtime=0))


def _rows(records: Sequence[Record], row: Callable[[Record, Image], str]) -> Iterable[str]:
    return (row(record, image) for record in records for image in record.images)


def finish(folder: PhantomFolder, records: Sequence[Record], settings: Settings) -> None:
    """Write the reports and the three tables."""
    del settings
    ordered = sorted(records, key=lambda record: (record.subject, record.study))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for record in ordered:
            entry = zipfile.ZipInfo(f"files/{record.folder}.txt", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            bundle.writestr(entry, record.report)
    folder.write(f"{TEXT_FOLDER}/mimic-cxr-reports.zip", archive.getvalue())
    _write_table(
        folder,
        "split",
        csv_text(
            "dicom_id,study_id,subject_id,split",
            _rows(ordered, lambda r, image: f"{image.dicom},{r.study},{r.subject},{r.split}"),
        ),
    )
    _write_table(
        folder,
        "metadata",
        csv_text(
            "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,"
            "StudyTime,ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,"
            "PatientOrientationCodeSequence_CodeMeaning",
            _rows(ordered, _metadata),
        ),
    )
    _write_table(
        folder,
        "chexpert",
        csv_text(
            ",".join(("subject_id", "study_id", *LABELS)),
            (
                f"{r.subject},{r.study}," + ",".join(_value(r.labels.get(label)) for label in LABELS)
                for r in ordered
            ),
        ),
    )


def _metadata(record: Record, image: Image) -> str:
    meaning = {"PA": "postero-anterior", "AP": "antero-posterior", "LATERAL": "lateral"}[image.view]
    date = 21_500_101 + record.study % 28
    fixed = f"{image.dicom},{record.subject},{record.study},{record.procedure},{image.view}"
    return f"{fixed},{image.height},{image.width},{date},120000.0,{record.procedure},{meaning},Erect"


def _value(value: int | None) -> str:
    return "" if value is None else f"{value:.1f}"


LAYOUT = Layout("mimic-cxr", "MIMIC-CXR and MIMIC-CXR-JPG", 20, write, finish)
