"""TBX11K: PNGs of 512 x 512 by diagnosis, COCO files of boxes, a test part without labels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy.lungs import SIDES
from lovt_bench.benchmark.data.phantom.canvas import Canvas
from lovt_bench.benchmark.data.phantom.files import enlarge, write_png
from lovt_bench.benchmark.data.phantom.findings import Box, Request
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.layout import Layout, Settings
from lovt_bench.benchmark.data.phantom.randomness import stream
from lovt_bench.benchmark.data.phantom.requests import several
from lovt_bench.benchmark.data.phantom.scene import Scene, draw_picture

SIDE = 512
"""Side of every image of the dataset."""
CATEGORIES = ("ActiveTuberculosis", "ObsoletePulmonaryTuberculosis", "PulmonaryTuberculosis")
"""In the order of their ids, from 1; the third, uncertain, is in the test part alone."""
SHOWN = {"infiltrate": 1, "nodule": 2}
"""What stands for a category: a patchy upper lobe, and an old focus."""
KINDS = ("tb", "sick", "tb", "health", "tb", "health", "tb", "sick")
"""Folders of consecutive images; the fourth and the seventh are of the validation part, the last of the test part."""
OTHERS = ("pneumonia", "effusion", "cardiomegaly")
"""What those show who are sick of something else."""


@dataclass(frozen=True)
class Record:
    """One image: its part, its path below `imgs`, and category and box of its findings."""

    part: str
    file: str
    boxes: tuple[tuple[int, Box], ...]


def _requests(folder: str, rng: np.random.Generator) -> tuple[Request, ...]:
    if folder == "health":
        return ()
    if folder == "sick":
        return several(OTHERS, 1, rng)
    kind, side = str(rng.choice(list(SHOWN), p=[0.7, 0.3])), int(rng.integers(2))
    count = 1 + int(rng.random() < 0.4)
    return tuple(Request(kind, SIDES[(side + number) % 2], "upper") for number in range(count))


def write(folder: PhantomFolder, index: int, settings: Settings) -> Record:
    """Write one PNG."""
    key, side = ("tbx11k", index), min(settings.side, SIDE)
    turn = index % len(KINDS)
    part, kind = {3: "val", 6: "val", 7: "test"}.get(turn, "train"), KINDS[turn]
    rng = stream(settings.seed, *key, "plan")
    picture = draw_picture(Canvas(side, side), Scene(settings.seed, key, key, key, _requests(kind, rng)))
    name = f"{'tb' if kind == 'tb' else kind[0]}{index:04d}.png"
    place = f"test/test_{index:04d}.png" if part == "test" else f"{kind}/{name}"
    write_png(folder, f"imgs/{place}", enlarge(picture.pixels, SIDE, SIDE))
    boxes = tuple(
        (SHOWN[one.place.kind], _scaled(one.box, SIDE / side))
        for one in picture.drawn
        if kind == "tb" and one.box
    )
    return Record(part, place, boxes)


def _scaled(box: Box, scale: float) -> Box:
    x, y, w, h = (scale * value for value in box)
    return x, y, w, h


def finish(folder: PhantomFolder, records: Sequence[Record], settings: Settings) -> None:
    """Write a COCO file for each part; that of the test part has no annotations."""
    del settings
    for part, name in (("train", "TBX11K_train"), ("val", "TBX11K_val"), ("test", "all_test")):
        chosen = [record for record in records if record.part == part]
        folder.write(f"annotations/json/{name}.json", json.dumps(_coco(chosen)).encode())


def _coco(records: Sequence[Record]) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, record in enumerate(records, start=1):
        images.append({"id": number, "file_name": record.file, "width": SIDE, "height": SIDE})
        for category, (x, y, w, h) in () if record.part == "test" else record.boxes:
            corners = [x, y, x + w, y, x + w, y + h, x, y + h]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": category,
                    "bbox": [x, y, w, h],
                    "area": w * h,
                    "segmentation": [corners],
                    "iscrowd": 0,
                }
            )
    categories = [{"id": number, "name": name} for number, name in enumerate(CATEGORIES, start=1)]
    return {"images": images, "annotations": annotations, "categories": categories}


LAYOUT = Layout("tbx11k", "TBX11K", 20, write, finish)
