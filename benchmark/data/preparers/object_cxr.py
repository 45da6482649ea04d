"""Object-CXR, foreign objects (datasets.md). The challenge's dev images are the test split.

Its three published defects are protocol entries; see `benchmark/data/object_annotations.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmark.contract.dataset import SplitName
from benchmark.contract.protocol import DataProtocol
from benchmark.data.images import decode_grey
from benchmark.data.object_annotations import object_mask, parse_annotation, stored_boxes, true_boxes
from benchmark.data.samples import Collector, Listing, RawImage, Sample, find_root
from benchmark.data.splits import held_out
from benchmark.data.tables import parse_box, read_table, safe_id

POOLS = ("train", "dev")
ALIASES = {"image_path": "image_name"}
"""The challenge's files say `image_name`, a public description of them `image_path`."""


@dataclass(frozen=True)
class ObjectCxr:
    """Raw layout: `input/train.csv`, `input/dev.csv`, `input/train/*.jpg`, `input/dev/*.jpg`."""

    name: str = "object-cxr"
    classes: tuple[str, ...] = ("foreign_object",)
    has_boxes: bool = True

    def scan(self, raw: Path, protocol: DataProtocol) -> Listing:
        """List the images of both tables with their annotation strings and true boxes."""
        root = find_root(raw, ("input", "."), "train.csv")
        found = Collector()
        for pool in POOLS:
            for number, row in read_table(
                root / f"{pool}.csv", ["image_name", "annotation"], aliases=ALIASES
            ):
                file, origin = row["image_name"].removeprefix(f"{pool}/"), f"{pool}.csv row {number}"
                name = Path(file).stem if safe_id(file) else file
                found.add(Sample(name, root / pool / Path(file).name, origin, patient=name, pool=pool))
                if not safe_id(file):
                    found.flag(name, f"{origin}: image name {file!r} cannot be a file name")
                found.append(name, origin, partial(_annotated, text=row["annotation"]))
        return Listing(found.samples, tuple(root / f"{pool}.csv" for pool in POOLS))

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


def _annotated(sample: Sample, text: str) -> Sample:
    boxes = true_boxes(parse_annotation(text)).astype(str).tolist()
    return replace(
        sample,
        annotations=(text,),
        boxes=tuple(parse_box(box) for box in boxes),
        box_classes=(0,) * len(boxes),
    )


PREPARER = ObjectCxr()
