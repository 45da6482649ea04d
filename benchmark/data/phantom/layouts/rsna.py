"""RSNA Pneumonia Detection Challenge: DICOM files, one row a box, negatives with empty boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lovt_bench.benchmark.data.phantom.canvas import Canvas
from lovt_bench.benchmark.data.phantom.files import uid, write_dicom
from lovt_bench.benchmark.data.phantom.findings import Box, Request
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.layout import Layout, Settings, csv_text
from lovt_bench.benchmark.data.phantom.randomness import hex_name, stream
from lovt_bench.benchmark.data.phantom.requests import several
from lovt_bench.benchmark.data.phantom.scene import Scene, draw_picture

OPACITIES = ("pneumonia", "consolidation", "infiltrate")
OTHERS = ("cardiomegaly", "pneumothorax", "nodule")
"""What the class `No Lung Opacity / Not Normal` shows."""


@dataclass(frozen=True)
class Record:
    """One patient, one image."""

    patient: str
    boxes: tuple[Box, ...]
    label: str


def _requests(settings: Settings, index: int) -> tuple[tuple[Request, ...], str]:
    rng = stream(settings.seed, "rsna", index, "plan")
    if index % 2 == 0:
        count = int(rng.choice([1, 2, 3, 4], p=[0.42, 0.43, 0.10, 0.05]))
        return several(OPACITIES, count, rng), "Lung Opacity"
    if index % 4 == 1:
        return (), "Normal"
    return (Request(str(rng.choice(OTHERS))),), "No Lung Opacity / Not Normal"


def write(folder: PhantomFolder, index: int, settings: Settings) -> Record:
    """Write one DICOM file."""
    key = ("rsna", index)
    requests, label = _requests(settings, index)
    digits = hex_name(settings.seed, *key, length=32)
    patient = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    picture = draw_picture(
        Canvas(settings.side, settings.side), Scene(settings.seed, key, key, key, requests)
    )
    write_dicom(
        folder,
        f"stage_2_train_images/{patient}.dcm",
        picture.pixels,
        patient=patient,
        sex=picture.patient.sex,
        age=picture.patient.age,
        view=picture.patient.view,
        study=uid(patient, "study"),
        series=uid(patient, "series"),
        instance=uid(patient, "instance"),
    )
    boxes = tuple(finding.box for finding in picture.drawn if label == "Lung Opacity" and finding.box)
    return Record(patient, boxes, label)


def finish(folder: PhantomFolder, records: Sequence[Record], settings: Settings) -> None:
    """Write the two tables, one row a box in both."""
    del settings
    labels, classes = [], []
    for record in sorted(records, key=lambda record: record.patient):
        boxes = [f"{x:.1f},{y:.1f},{w:.1f},{h:.1f},1" for x, y, w, h in record.boxes] or [",,,,0"]
        labels += [f"{record.patient},{box}" for box in boxes]
        classes += [f"{record.patient},{record.label}"] * len(boxes)
    folder.write("stage_2_train_labels.csv", csv_text("patientId,x,y,width,height,Target", labels))
    folder.write("stage_2_detailed_class_info.csv", csv_text("patientId,class", classes))


LAYOUT = Layout("rsna", "RSNA Pneumonia Detection", 20, write, finish)
