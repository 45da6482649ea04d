"""JSRT with the masks of SCR: lungs, heart and clavicles of 247 images (docs/extended.md).

SCR divides the images into two folds: heads learn from the first and are measured on the second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.drawn import TEST, TRAIN, PartedDataset
from lovt_bench.benchmark.data.errors import BadImageError, DataError
from lovt_bench.benchmark.data.images import MAX_PIXELS, open_image, read_bytes
from lovt_bench.benchmark.data.inventory import Inventory, take_inventory
from lovt_bench.benchmark.data.layout import find_folder, find_folders, holds
from lovt_bench.benchmark.data.samples import Listing, RawImage, Sample
from lovt_bench.benchmark.data.tables import safe_id

IMAGES, FOLDS = "All247images", {"fold1": TRAIN, "fold2": TEST}
GUIDE = "docs/extended.md"
ENDING = ".img"
CLASSES = ("lungs", "heart", "clavicles")
MASKS = {"left lung": 0, "right lung": 0, "heart": 1, "left clavicle": 2, "right clavicle": 2}
"""Folders of a fold, and the class that each is part of."""
WHITE = 4095
"""The greatest of 12 bits; the files count from white."""


@dataclass(frozen=True)
class Jsrt(PartedDataset):
    """Raw layout: `All247images/*.IMG`, `fold1/masks/<organ>/*.gif`, `fold2/masks/<organ>/*.gif`."""

    name: str = "jsrt"
    classes: tuple[str, ...] = CLASSES
    has_boxes: bool = False

    def scan(self, raw: Path) -> Listing:
        """List the images in the order of their names, each with the masks of its fold."""
        inventory = take_inventory(raw, find_folders(raw, IMAGES) or [raw], {ENDING}, guide=GUIDE)
        folds = {fold: _organs(raw, find_folder(raw, fold, GUIDE)) for fold in FOLDS}
        samples = {name: _sample(name, inventory, folds) for name in sorted(inventory.images)}
        for fold, masks in ((fold, masks) for fold, organs in folds.items() for masks in organs.values()):
            if strange := sorted(masks.images.keys() - samples.keys()):
                raise DataError(
                    f"{masks.folders[0]}: {len(strange)} masks without an image, such as {strange[0]}.gif; expected "
                    f"{strange[0]}.IMG in {inventory.folders[0]}; fetch {IMAGES} whole, or take {fold} away"
                )
        return Listing.of(samples, inventory, "no image of the folds")

    def read(self, sample: Sample, content: bytes, protocol: DataProtocol) -> RawImage:
        """Decode an image, reduced to the size of its masks, and join the masks of each class."""
        pixels = decode(content)
        masks = [np.zeros(pixels.shape, dtype=np.uint8) for _ in CLASSES]
        for index, path in sample.class_masks:
            grey = np.asarray(open_image(read_bytes(path), ("GIF", "PNG")).convert("L"))
            if grey.shape != pixels.shape:
                raise BadImageError(
                    f"mask {path.parent.name}/{path.name} has {grey.shape[1]} x {grey.shape[0]} pixels; expected "
                    f"{pixels.shape[1]} x {pixels.shape[0]}, half of the image's sides"
                )
            masks[index] |= (grey > 127).astype(np.uint8)
        return RawImage(pixels, masks, masks_are_gifs=False)


def decode(content: bytes) -> np.ndarray:
    """Return an image of JSRT as a viewer displays it, at half its sides as SCR's masks are: uint8 (H / 2, W / 2).

    A file holds a square of big-endian 16-bit values, 12 bits used, 0 for white. Four pixels become their mean, and
    the darkest and the brightest of them black and white.

    Raises:
        BadImageError: It is no square of an even side, or a value has more than 12 bits.
    """
    side = math.isqrt(len(content) // 2)
    if 2 * side * side != len(content) or side % 2 or not 0 < side * side <= MAX_PIXELS:
        raise BadImageError(
            f"{len(content):,} bytes; expected a square of 16-bit values, as 2048 x 2048 in 8,388,608 bytes"
        )
    values = np.frombuffer(content, dtype=">u2").reshape(side, side)
    if (largest := int(values.max())) > WHITE:
        raise BadImageError(f"a value of {largest}; expected at most {WHITE}: 12 bits, big-endian")
    shown = (WHITE - values.astype(np.float64)).reshape(side // 2, 2, side // 2, 2).mean(axis=(1, 3))
    dark, bright = shown.min(), shown.max()
    return np.asarray(np.rint(255 * (shown - dark) / max(bright - dark, 1.0)), dtype=np.uint8)


def _organs(raw: Path, fold: Path) -> dict[str, Inventory]:
    """Return the masks of a fold by folder."""
    organs = {}
    for organ in MASKS:
        folders = find_folders(fold, organ)
        if len(folders) != 1:
            raise DataError(
                f"{fold}: expected one folder {organ!r} there or below, found {len(folders)}. {holds(fold)} {GUIDE} "
                "shows the layout"
            )
        organs[organ] = take_inventory(raw, folders, {".gif", ".png"}, guide=GUIDE)
    return organs


def _sample(name: str, inventory: Inventory, folds: dict[str, dict[str, Inventory]]) -> Sample:
    expected = inventory.images[name][0]
    origin = expected.name
    image, problem = inventory.find(name, expected, origin)
    if not safe_id(name):
        problem = f"{origin}: the name of the file cannot be an ID"
    found = [fold for fold, organs in folds.items() if any(name in one.images for one in organs.values())]
    if len(found) != 1:
        where = " and ".join(found) or "no fold"
        problem = problem or f"{image}: its masks are in {where}; expected one of {' and '.join(FOLDS)}"
        return Sample(name, image, origin, name, TRAIN, problem=problem)
    masks = []
    for organ, one in folds[found[0]].items():
        path, missing = one.find(name, one.folders[0] / f"{name}.gif", origin)
        masks.append((MASKS[organ], path))
        problem = problem or missing
    return Sample(name, image, origin, name, FOLDS[found[0]], class_masks=tuple(masks), problem=problem)


PREPARER = Jsrt()
