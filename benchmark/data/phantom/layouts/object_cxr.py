"""Object CXR: large JPEGs of differing shape, annotation strings of rectangles, ellipses and polygons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.data.phantom.canvas import Canvas
from lovt_bench.benchmark.data.phantom.files import enlarge, write_jpeg
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.layout import Layout, Settings, csv_text
from lovt_bench.benchmark.data.phantom.objects import ForeignObject
from lovt_bench.benchmark.data.phantom.randomness import stream
from lovt_bench.benchmark.data.phantom.scene import Scene, draw_picture

ENLARGEMENT = 2
"""The files are this many times larger than what is drawn: the real ones have 2000 to 4500 pixels a side."""

TYPES = {"rectangle": 0, "ellipse": 1, "polygon": 2}


@dataclass(frozen=True)
class Record:
    """One image and its annotation string."""

    part: str
    name: str
    annotation: str


def annotate(item: ForeignObject, factor: float) -> str:
    """Return an object as blank-separated integers: type, then coordinates, which may lie outside."""
    values = np.round(item.points * factor).astype(int).reshape(-1)
    return " ".join(str(value) for value in (TYPES[item.shape], *values))


def _name(index: int) -> tuple[str, str]:
    """Every fifth image is a dev image; train counts from 00001, dev from 08001."""
    if index % 5 == 4:
        return "dev", f"{8001 + index // 5:05d}.jpg"
    return "train", f"{1 + 4 * (index // 5) + index % 5:05d}.jpg"


def write(folder: PhantomFolder, index: int, settings: Settings) -> Record:
    """Write one JPEG; every second image shows 1 to 5 objects."""
    rng = stream(settings.seed, "object-cxr", index, "plan")
    count = int(rng.choice([1, 2, 3, 4, 5], p=[0.36, 0.30, 0.18, 0.10, 0.06])) if index % 2 == 0 else 0
    aspect = rng.uniform(0.80, 1.12)
    height, width = round(settings.side / aspect**0.5), round(settings.side * aspect**0.5)
    key = ("object-cxr", index)
    picture = draw_picture(Canvas(height, width), Scene(settings.seed, key, key, key, objects=count))
    part, name = _name(index)
    pixels = enlarge(picture.pixels, ENLARGEMENT * height, ENLARGEMENT * width)
    write_jpeg(folder, f"input/{part}/{name}", pixels)
    return Record(part, name, ";".join(annotate(item, ENLARGEMENT) for item in picture.objects))


def finish(folder: PhantomFolder, records: Sequence[Record], settings: Settings) -> None:
    """Write `train.csv` and `dev.csv`."""
    del settings
    for part in ("train", "dev"):
        rows = [f"{record.name},{record.annotation}" for record in records if record.part == part]
        folder.write(f"input/{part}.csv", csv_text("image_name,annotation", rows))


LAYOUT = Layout("object-cxr", "Object CXR", 20, write, finish)
