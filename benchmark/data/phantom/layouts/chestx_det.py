"""ChestX-Det: PNGs with numbers for names, JSON lists of findings, corners of boxes and outlines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas
from lovt_bench.benchmark.data.phantom.files import write_png
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.layout import Layout, Settings
from lovt_bench.benchmark.data.phantom.randomness import stream
from lovt_bench.benchmark.data.phantom.requests import in_turn
from lovt_bench.benchmark.data.phantom.scene import Scene, draw_picture

FINDINGS = {
    "atelectasis": "Atelectasis",
    "cardiomegaly": "Cardiomegaly",
    "consolidation": "Consolidation",
    "effusion": "Effusion",
    "mass": "Mass",
    "nodule": "Nodule",
    "pneumothorax": "Pneumothorax",
}
"""What the phantom can show by the names of the dataset, of whose other findings it has none."""

FIRST = 36199
"""Number of the first image; the dataset's begin about there, too."""


@dataclass(frozen=True)
class Record:
    """One image: findings and their outlines, points x, y in whole pixels."""

    part: str
    file: str
    findings: tuple[str, ...]
    outlines: tuple[list[list[int]], ...]


def outline_by_rows(mask: Array) -> list[list[int]]:
    """Return a polygon of points [x, y]: down the left ends of the rows of a mask (H, W) bool, up the right ends."""
    rows = np.flatnonzero(mask.any(axis=1)).tolist()
    ends = [(np.flatnonzero(mask[row])[[0, -1]].tolist(), row) for row in rows]
    return [[left, row] for (left, _), row in ends] + [[right, row] for (_, right), row in reversed(ends)]


def write(folder: PhantomFolder, index: int, settings: Settings) -> Record:
    """Write one PNG; every fifth image is a test image."""
    key = ("chestx-det", index)
    rng = stream(settings.seed, *key, "plan")
    scene = Scene(settings.seed, key, key, key, in_turn(list(FINDINGS), index, rng))
    picture = draw_picture(Canvas(settings.side, settings.side), scene)
    part, file = "test" if index % 5 == 4 else "train", f"{FIRST + index}.png"
    write_png(folder, f"{part}_data/{part}/{file}", picture.pixels)
    shown = [
        one for one in picture.drawn if one.mask.any(axis=0).sum() > 1 and one.mask.any(axis=1).sum() > 1
    ]
    return Record(
        part,
        file,
        tuple(FINDINGS[one.place.kind] for one in shown),
        tuple(outline_by_rows(one.mask) for one in shown),
    )


def finish(folder: PhantomFolder, records: Sequence[Record], settings: Settings) -> None:
    """Write the two lists."""
    del settings
    for part in ("train", "test"):
        entries = [_entry(record) for record in records if record.part == part]
        folder.write(f"ChestX_Det_{part}.json", json.dumps(entries).encode())


def _entry(record: Record) -> dict[str, Any]:
    corners = [
        [*np.min(points, axis=0).tolist(), *np.max(points, axis=0).tolist()] for points in record.outlines
    ]
    return {
        "file_name": record.file,
        "syms": list(record.findings),
        "boxes": corners,
        "polygons": list(record.outlines),
    }


LAYOUT = Layout("chestx-det", "ChestX-Det", 20, write, finish)
