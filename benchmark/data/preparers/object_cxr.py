"""Object-CXR, foreign objects (datasets.md section 5). The challenge's dev images are the test split.

Its three published defects are protocol entries; see `benchmark/data/object_annotations.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.images import decode_grey
from lovt_bench.benchmark.data.inventory import Inventory, take_inventory
from lovt_bench.benchmark.data.layout import find_folders, find_tables
from lovt_bench.benchmark.data.object_annotations import (
    object_mask,
    parse_annotation,
    stored_boxes,
    true_boxes,
)
from lovt_bench.benchmark.data.samples import Collector, Listing, RawImage, Sample
from lovt_bench.benchmark.data.splits import held_out
from lovt_bench.benchmark.data.tables import parse_box, read_table, safe_id
from lovt_bench.benchmark.data.walk import JPEG

POOLS = ("train", "dev")
ALIASES = {"image_path": "image_name"}
"""The challenge's files say `image_name`, a public description of them `image_path`."""


@dataclass(frozen=True)
class ObjectCxr:
    """Raw layout: `train.csv`, `dev.csv`, `train/*.jpg`, `dev/*.jpg`, usually in `input/`."""

    name: str = "object-cxr"
    classes: tuple[str, ...] = ("foreign_object",)
    has_boxes: bool = True

    def scan(self, raw: Path) -> Listing:
        """List the images of both tables with their annotation strings and true boxes."""
        labels = find_tables(raw, *([f"{pool}.csv"] for pool in POOLS))
        root = labels[0].parent
        folders = [folder for pool in POOLS for folder in find_folders(root, pool)]
        inventory = take_inventory(raw, folders if len(folders) > 1 else [root], JPEG, labels)
        found, remarks = Collector(), []
        for pool, path in zip(POOLS, labels, strict=True):
            table = read_table(path, ["image_name", "annotation"], aliases=ALIASES)
            for number, row in table:
                file, origin = row["image_name"].removeprefix(f"{pool}/"), f"{path.name} row {number}"
                sample = _new_sample(file, pool, root / pool, inventory, origin)
                found.add(sample)
                found.append(sample.id, origin, partial(_annotated, text=row["annotation"]))
            remarks += table.remarks()
        unlisted = "no row in train.csv or dev.csv"
        return Listing.of(found.samples, inventory, unlisted, labels, remarks=remarks)

    def draw(
        self, samples: Sequence[Sample], protocol: DataProtocol, seed: int
    ) -> dict[SplitName, list[str]]:
        training, test = ([sample.id for sample in samples if sample.pool == pool] for pool in POOLS)
        train, validation = held_out(training, protocol.validation_fraction, seed)
        return {"train": train, "validation": validation, "test": test}

    def read(self, sample: Sample, content: bytes, protocol: DataProtocol) -> RawImage:
        pixels = decode_grey(content)
        (height, width), objects = pixels.shape, parse_annotation(sample.annotations[0])
        return RawImage(pixels, [object_mask(objects, height, width, protocol)])

    def stored_boxes(self, boxes: np.ndarray, protocol: DataProtocol) -> np.ndarray:
        return stored_boxes(boxes, protocol)


def _new_sample(file: str, pool: str, folder: Path, inventory: Inventory, origin: str) -> Sample:
    if not safe_id(file):
        problem = f"{origin}: image name {file!r} cannot be a file name"
        return Sample(file, folder / "invalid", origin, file, pool, problem=problem)
    name = Path(file).stem
    image, missing = inventory.find(name, folder / file, origin)
    return Sample(name, image, origin, name, pool, problem=missing)


def _annotated(sample: Sample, text: str) -> Sample:
    boxes = true_boxes(parse_annotation(text)).astype(str).tolist()
    return replace(
        sample,
        annotations=(text,),
        boxes=tuple(parse_box(box) for box in boxes),
        box_classes=(0,) * len(boxes),
    )


PREPARER = ObjectCxr()
