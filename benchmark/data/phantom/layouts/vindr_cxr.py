"""VinDr-CXR: DICOM files, boxes as corners, three readers an image in training and their consensus in test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.data.phantom.canvas import Canvas
from lovt_bench.benchmark.data.phantom.files import uid, write_dicom
from lovt_bench.benchmark.data.phantom.findings import Box
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.layout import Layout, Settings, csv_text
from lovt_bench.benchmark.data.phantom.randomness import hex_name, stream
from lovt_bench.benchmark.data.phantom.requests import in_turn
from lovt_bench.benchmark.data.phantom.scene import Scene, draw_picture

FINDINGS = {
    "atelectasis": "Atelectasis",
    "cardiomegaly": "Cardiomegaly",
    "consolidation": "Consolidation",
    "infiltrate": "Infiltration",
    "pneumonia": "Lung Opacity",
    "nodule": "Nodule/Mass",
    "mass": "Nodule/Mass",
    "device": "Other lesion",
    "effusion": "Pleural effusion",
    "pneumothorax": "Pneumothorax",
    "edema": "Edema",
}
"""What the phantom can show by the names of the dataset, of whose other findings it has none."""

READERS, EACH = 17, 3
"""Readers of the dataset, and of each training image."""
SEES, INVENTS = 0.85, 0.1
"""Share of findings that a reader marks, and of images on which one marks what no other does."""
HAND = 0.06
"""How far a reader's sides are from the finding's, as a share of its width or height (standard deviation)."""


@dataclass(frozen=True)
class Mark:
    """One row: a finding that a reader marked, or that an image has none for that reader."""

    reader: str
    finding: str
    box: Box | None


@dataclass(frozen=True)
class Record:
    """One image."""

    part: str
    image: str
    marks: tuple[Mark, ...]


def _read(found: Sequence[tuple[str, Box]], side: int, rng: np.random.Generator) -> tuple[Mark, ...]:
    """Return what three readers mark: most findings, each with a hand of its own, and now and then another."""
    marks: list[Mark] = []
    for number in sorted(rng.permutation(READERS)[:EACH].tolist()):
        reader = f"R{number + 1}"
        seen = [(finding, _by_hand(box, side, rng)) for finding, box in found if rng.random() < SEES]
        if rng.random() < INVENTS:
            corner, size = rng.uniform(0.2, 0.6, 2) * side, rng.uniform(0.1, 0.2, 2) * side
            seen.append(("Other lesion", (*corner.tolist(), *size.tolist())))
        marks += [Mark(reader, finding, box) for finding, box in seen]
        if not seen:
            marks.append(Mark(reader, "No finding", None))
    return tuple(marks)


def _by_hand(box: Box, side: int, rng: np.random.Generator) -> Box:
    """Return the box as a reader draws it, inside the image and at least a pixel wide."""
    x, y, w, h = box
    shift = rng.normal(0, HAND, 4) * (w, h, w, h)
    left, top = np.clip((x + shift[0], y + shift[1]), 0, side - 1)
    right = min(float(side), max(x + w + shift[2], left + 1))
    bottom = min(float(side), max(y + h + shift[3], top + 1))
    return float(left), float(top), float(right - left), float(bottom - top)


def write(folder: PhantomFolder, index: int, settings: Settings) -> Record:
    """Write one DICOM file; every fifth image is a test image."""
    key = ("vindr-cxr", index)
    rng = stream(settings.seed, *key, "plan")
    part = "test" if index % 5 == 4 else "train"
    image = hex_name(settings.seed, *key, length=32)
    scene = Scene(settings.seed, key, key, key, in_turn(list(FINDINGS), index, rng), view="PA")
    picture = draw_picture(Canvas(settings.side, settings.side), scene)
    write_dicom(
        folder,
        f"{part}/{image}.dicom",
        picture.pixels,
        patient="",
        sex=picture.patient.sex,
        age=picture.patient.age,
        view=picture.patient.view,
        study=uid(image, "study"),
        series=uid(image, "series"),
        instance=uid(image, "instance"),
    )
    found = [(FINDINGS[one.place.kind], one.box) for one in picture.drawn if one.box]
    if part == "train":
        return Record(part, image, _read(found, settings.side, rng))
    marks = tuple(Mark("", finding, box) for finding, box in found) or (Mark("", "No finding", None),)
    return Record(part, image, marks)


def finish(folder: PhantomFolder, records: Sequence[Record], settings: Settings) -> None:
    """Write the two tables, one row a mark."""
    del settings
    header = "class_name,x_min,y_min,x_max,y_max"
    for part, columns in (("train", "image_id,rad_id"), ("test", "image_id")):
        rows = [
            ",".join(
                (record.image, *([mark.reader] if part == "train" else []), mark.finding, _corners(mark.box))
            )
            for record in sorted(records, key=lambda record: record.image)
            if record.part == part
            for mark in record.marks
        ]
        folder.write(f"annotations/annotations_{part}.csv", csv_text(f"{columns},{header}", rows))


def _corners(box: Box | None) -> str:
    if box is None:
        return ",,,"
    x, y, w, h = box
    return f"{x:.4f},{y:.4f},{x + w:.4f},{y + h:.4f}"


LAYOUT = Layout("vindr-cxr", "VinDr-CXR", 20, write, finish)
