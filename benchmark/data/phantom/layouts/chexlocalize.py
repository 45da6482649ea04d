"""CheXlocalize: JPEGs of CheXpert by patient, study and view, outlines as COCO's run lengths by image and finding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas
from lovt_bench.benchmark.data.phantom.files import write_jpeg
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.layout import Layout, Settings
from lovt_bench.benchmark.data.phantom.people import person_of
from lovt_bench.benchmark.data.phantom.randomness import stream
from lovt_bench.benchmark.data.phantom.requests import in_turn
from lovt_bench.benchmark.data.phantom.scene import Scene, draw_picture

SHOWN = {
    "atelectasis": "Atelectasis",
    "cardiomegaly": "Cardiomegaly",
    "consolidation": "Consolidation",
    "device": "Support Devices",
    "edema": "Edema",
    "effusion": "Pleural Effusion",
    "mass": "Lung Lesion",
    "nodule": "Lung Lesion",
    "pneumonia": "Airspace Opacity",
    "pneumothorax": "Pneumothorax",
}
"""What the phantom can show by the names of the dataset."""
FINDINGS = (*sorted(set(SHOWN.values())), "Enlarged Cardiomediastinum")
FIRST = 64541
"""Number of the first patient of CheXpert's validation part."""
PATTERN = (1, 1, 2)
"""Images of consecutive patients."""


@dataclass(frozen=True)
class Record:
    """One image: its part, its key, and run lengths by finding."""

    part: str
    key: str
    masks: dict[str, dict[str, Any]]


def run_lengths(mask: Array) -> dict[str, Any]:
    """Return a mask (H, W) bool as COCO's compressed run lengths."""
    from faster_coco_eval.core.mask import encode

    encoded = encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode()}


def write(folder: PhantomFolder, index: int, settings: Settings) -> Record:
    """Write one JPEG; of five patients, two are of the validation part."""
    patient, number = person_of(index, PATTERN)
    part = "val" if patient % 5 < 2 else "test"
    key = ("chexlocalize", index)
    rng = stream(settings.seed, *key, "plan")
    aspect = rng.uniform(0.85, 1.2)
    height, width = round(settings.side / aspect**0.5), round(settings.side * aspect**0.5)
    person = ("chexlocalize", "person", patient)
    scene = Scene(settings.seed, person, key, key, in_turn(list(SHOWN), index, rng))
    picture = draw_picture(Canvas(height, width), scene)
    place = (f"patient{FIRST + patient}", "study1", f"view{number + 1}_frontal")
    write_jpeg(folder, f"CheXpert/{part}/{'/'.join(place)}.jpg", picture.pixels)
    drawn: dict[str, Array] = {}
    for one in picture.drawn:
        name = SHOWN[one.place.kind]
        drawn[name] = drawn.get(name, np.zeros((height, width), bool)) | one.mask
    empty = np.zeros((height, width), bool)
    masks = {name: run_lengths(drawn.get(name, empty)) for name in FINDINGS} if drawn else {}
    return Record(part, "_".join(place), masks)


def finish(folder: PhantomFolder, records: Sequence[Record], settings: Settings) -> None:
    """Write the two files; images that show nothing are not in them."""
    del settings
    for part in ("val", "test"):
        masks = {record.key: record.masks for record in records if record.part == part and record.masks}
        folder.write(f"CheXlocalize/gt_segmentations_{part}.json", json.dumps(masks).encode())


LAYOUT = Layout("chexlocalize", "CheXlocalize", 40, write, finish)
