"""One small hospital in each format: the same images, the same rectangles."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lovt_bench.benchmark.data.own.dataset import read_own
from lovt_bench.benchmark.data.store import ImageStore
from tests.benchmark.data import world

HEIGHT, WIDTH = 48, 64
NAMES = [f"case{number:02}" for number in range(10)]
CLASSES = ("nodule", "opacity")
RECTANGLES: dict[str, list[tuple[str, tuple[int, int, int, int]]]] = {
    "case00": [("opacity", (4, 8, 20, 16)), ("nodule", (40, 30, 8, 8))],
    "case01": [("opacity", (0, 0, 64, 48))],
    "case02": [("nodule", (10, 10, 6, 4)), ("nodule", (12, 12, 10, 10))],
    **{name: [("opacity", (number, number, 10, 12))] for number, name in enumerate(NAMES[3:8])},
}
"""Class and x, y, w, h in pixels; the last two images are negatives."""


def images(raw: Path, folder: str = "images") -> None:
    """Write the images as PNG files."""
    (raw / folder).mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for name in NAMES:
        pixels = random.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
        Image.fromarray(pixels).save(raw / folder / f"{name}.png")


def coco_content() -> dict[str, Any]:
    """Return the rectangles as COCO does: sparse ids, in no order."""
    keys = {name: 100 + 7 * number for number, name in enumerate(NAMES)}
    kinds = {"opacity": 90, "nodule": 3, "unused": 17}
    return {
        "info": {"description": "a test"},
        "images": [
            {"id": key, "file_name": f"{name}.png", "width": WIDTH, "height": HEIGHT}
            for name, key in keys.items()
        ],
        "categories": [{"id": key, "name": kind} for kind, key in kinds.items()],
        "annotations": [
            {"id": 1, "image_id": keys[name], "category_id": kinds[kind], "bbox": list(box), "iscrowd": 0}
            for name, found in RECTANGLES.items()
            for kind, box in found
        ],
    }


def coco(raw: Path) -> Path:
    images(raw)
    (raw / "annotations.json").write_text(json.dumps(coco_content()))
    return raw


def voc(raw: Path) -> Path:
    images(raw, "JPEGImages")
    (raw / "Annotations").mkdir()
    for name, found in RECTANGLES.items():
        objects = "".join(
            f"<object><name>{kind}</name><bndbox><xmin>{x + 1}</xmin><ymin>{y + 1}</ymin><xmax>{x + w}</xmax>"
            f"<ymax>{y + h}</ymax></bndbox></object>"
            for kind, (x, y, w, h) in found
        )
        size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>1</depth></size>"
        text = f"<annotation><filename>{name}.png</filename>{size}{objects}</annotation>"
        (raw / "Annotations" / f"{name}.xml").write_text(text)
    return raw


def yolo(raw: Path) -> Path:
    images(raw)
    (raw / "labels").mkdir()
    (raw / "data.yaml").write_text("names: {0: nodule, 1: opacity, 2: unused}\nnc: 3\n")
    for name, found in RECTANGLES.items():
        lines = [
            f"{CLASSES.index(kind)} {(x + w / 2) / WIDTH} {(y + h / 2) / HEIGHT} {w / WIDTH} {h / HEIGHT}\n"
            for kind, (x, y, w, h) in found
        ]
        (raw / "labels" / f"{name}.txt").write_text("".join(lines))
    return raw


def masks(raw: Path) -> Path:
    images(raw)
    for name, found in RECTANGLES.items():
        for kind in {kind for kind, _ in found}:
            (raw / "masks" / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask_of(name, kind) * 255).save(raw / "masks" / kind / f"{name}_mask.png")
    return raw


FORMATS: dict[str, Callable[[Path], Path]] = {"coco": coco, "voc": voc, "yolo": yolo, "masks": masks}


def mask_of(name: str, kind: str) -> np.ndarray:
    """Return the union of the rectangles of a class, uint8 0/1."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for other, (x, y, w, h) in RECTANGLES.get(name, []):
        if other == kind:
            mask[y : y + h, x : x + w] = 1
    return mask


def store(raw: Path, form: str, data: Path, name: str = "mine", **options: Any) -> ImageStore:
    """Prepare a folder and open its store; `skip_bad` and `splits_dir` go to `prepare`, the rest to `read_own`."""
    preparing = {key: options.pop(key) for key in ("skip_bad", "splits_dir") if key in options}
    given = "splits_dir" in preparing
    return world.store(read_own(raw, name, form, **options, splits_given=given), raw, data, **preparing)
