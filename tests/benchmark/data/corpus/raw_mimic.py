"""A tiny raw MIMIC-CXR folder. A test changes one thing in its studies or files."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from lovt_bench.benchmark.data.corpus.mimic_tables import RAW_LABELS

REPORT = " FINAL REPORT\n FINDINGS:  The lungs are clear.  No effusion.\n \n IMPRESSION:  Normal.\n"


@dataclass
class Study:
    """One study; `views` gives one image each."""

    subject: int
    study: int
    split: str = "train"
    views: Sequence[str] = ("PA",)
    report: str | None = REPORT
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"p{str(self.subject)[:2]}/p{self.subject}/s{self.study}"

    def dicom(self, number: int) -> str:
        # Not in the order of the alphabet, so that the order of the table shows.
        return f"{9 - number}f-{self.study}"


def jpeg(height: int = 40, width: int = 60, seed: int = 0, quality: int = 90) -> bytes:
    """Return a JPEG of noise that is smooth enough to be compressed."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 6), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(
        buffer, "JPEG", quality=quality
    )
    return buffer.getvalue()


def studies() -> list[Study]:
    """Return studies of three splits, not in the order of their IDs."""
    return [
        Study(11000001, 50000009),
        Study(10000005, 50000003, views=("AP", "LATERAL", "PA")),
        Study(10000005, 50000001),
        Study(12000001, 50000004, split="test"),
        Study(13000001, 50000005, split="validate"),
    ]


def write(root: Path, wanted: Sequence[Study], archive: bool = True) -> Path:
    """Write a raw folder and return it."""
    images = root / "mimic-cxr-jpg_2-0-0"
    split, metadata = (
        ["dicom_id,study_id,subject_id,split"],
        ["dicom_id,subject_id,study_id,ViewPosition,StudyDate"],
    )
    labels = [",".join(["subject_id", "study_id", *RAW_LABELS])]
    for one in wanted:
        for number, view in enumerate(one.views):
            path = images / "files" / one.name / f"{one.dicom(number)}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg(seed=one.study + number))
            split.append(f"{one.dicom(number)},{one.study},{one.subject},{one.split}")
            metadata.append(f"{one.dicom(number)},{one.subject},{one.study},{view},21500101")
        labels.append(
            ",".join([str(one.subject), str(one.study), *(one.labels.get(x, "") for x in RAW_LABELS)])
        )
    for kind, lines in (("split", split), ("metadata", metadata), ("chexpert", labels)):
        write_table(root, kind, lines)
    texts = {f"files/{one.name}.txt": one.report for one in wanted if one.report is not None}
    folder = root / "mimic-cxr_2-0-0"
    folder.mkdir(parents=True, exist_ok=True)
    if archive:
        with zipfile.ZipFile(folder / "mimic-cxr-reports.zip", "w") as bundle:
            for name, text in texts.items():
                bundle.writestr(name, text)
    else:
        for name, text in texts.items():
            path = folder / "mimic-cxr-reports" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return root


def table_path(root: Path, kind: str) -> Path:
    return root / "mimic-cxr-jpg_2-0-0" / f"mimic-cxr-2.0.0-{kind}.csv.gz"


def write_table(root: Path, kind: str, lines: Sequence[str]) -> None:
    table_path(root, kind).parent.mkdir(parents=True, exist_ok=True)
    table_path(root, kind).write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))


def edit_table(root: Path, kind: str, old: str, new: str) -> None:
    """Replace a text in a table."""
    text = gzip.decompress(table_path(root, kind).read_bytes()).decode()
    assert old in text
    table_path(root, kind).write_bytes(gzip.compress(text.replace(old, new).encode()))


def image_path(root: Path, study: Study, number: int = 0) -> Path:
    return root / "mimic-cxr-jpg_2-0-0" / "files" / study.name / f"{study.dicom(number)}.jpg"
