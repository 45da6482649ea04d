"""Stores whose IDs, order and boxes are those of the official split files, on blank images of 64 pixels."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.dataset import IMAGE_SIDE, SPLIT_NAMES, SplitName
from lovt_bench.benchmark.data.box_masks import box_mask
from lovt_bench.benchmark.data.official import published
from lovt_bench.benchmark.data.split_files import parse_boxes
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.data.transforms import Frame, fit_boxes, fit_mask
from tests.benchmark.data.small_store import write_store
from tests.benchmark.engine.world import CLASSES

SIDE = 64
SQUARE = 1024
"""Height and width of every image of RSNA, SIIM and NIH."""
LEAST = 2048
"""Least side of an Object CXR image, which is as large as its true boxes ask for: the files do not tell its size."""


@dataclass(frozen=True)
class OfficialImage:
    """One row of a split file."""

    id: str
    split: SplitName
    boxes: np.ndarray
    """(n, 4) float64 as published: of Object CXR with exchanged sides."""
    classes: np.ndarray
    height: int
    width: int

    def frame(self, side: int) -> Frame:
        return Frame.padded(self.height, self.width, side, "short")

    def stored_boxes(self, side: int = IMAGE_SIDE) -> np.ndarray:
        """Return the boxes in the frame of the stored image."""
        return fit_boxes(self.boxes, self.frame(side))

    def strangeness(self) -> tuple[bool, bool, bool, int]:
        """Return what the phantom has not, the rarest first: the larger, the stranger."""
        boxes = self.stored_boxes()
        outside = (boxes[:, :2] + boxes[:, 2:] / 2 > IMAGE_SIDE).any()
        negative = (self.boxes[:, :2] < 0).any()
        repeated = len(np.unique(boxes, axis=0)) < len(boxes)
        return bool(outside), bool(repeated), bool(negative), len(boxes)


def official_images(shared: Path, name: str) -> list[OfficialImage]:
    """Return the images of all splits of a dataset in published order."""
    images = []
    for split in SPLIT_NAMES:
        with (shared / "splits" / name / f"{split}.csv").open(newline="") as stream:
            for row in csv.DictReader(stream):
                boxes = parse_boxes(row.get("boxes", ""))
                classes = [int(field) for field in row.get("classes", "").split("|") if field]
                if name != "nih-cxr":
                    classes = [0] * len(boxes)
                height = width = SQUARE
                if name == "object-cxr":
                    true_ends = boxes[:, :2] + boxes[:, [3, 2]]
                    width, height = (int(end) for end in true_ends.max(axis=0, initial=LEAST))
                images.append(OfficialImage(row["ID"], split, boxes, np.array(classes, int), height, width))
    return images


def official_store(root: Path, name: str, images: list[OfficialImage]) -> ImageStore:
    """Write a store of images. SIIM has no foreground anywhere, COVID nothing else: their files tell no masks."""
    masks = np.full((len(images), len(CLASSES[name]), SIDE, SIDE), name == "covid-rural", dtype=np.uint8)
    for image, channels in zip(images, masks, strict=True):
        for index in set(image.classes.tolist()):
            whole = box_mask(image.boxes[image.classes == index], image.height, image.width)
            channels[index] = fit_mask(whole, image.frame(SIDE))
    return write_store(
        root / "data" / name,
        images=np.zeros((len(images), SIDE, SIDE), dtype=np.uint8),
        split_of=[image.split for image in images],
        ids=[image.id for image in images],
        masks=masks,
        boxes=[image.stored_boxes(SIDE) for image in images]
        if name in ("rsna", "object-cxr", "nih-cxr")
        else None,
        box_classes=[image.classes for image in images],
        classes=CLASSES[name],
        name=name,
        track="public",
        splits="official",
        split_seed=None,
        pixel_statistics=published()[name].pixel_statistics,
    )
