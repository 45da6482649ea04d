"""Mask files of own images: their values, and the mask of each class in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lovt_bench.benchmark.data.errors import BadImageError
from lovt_bench.benchmark.data.images import decode_values, read_bytes


def by_value(path: Path, mask: np.ndarray, classes: int) -> list[np.ndarray]:
    """Return the mask of each class of a file whose value is the number of a class, 0 for none."""
    if (largest := int(mask.max())) > classes:
        raise BadImageError(
            f"mask {path.name} has the value {largest}, but classes.txt has {classes} classes; expected 0 for the "
            "background and 1, 2, … for the classes in their order"
        )
    return [(mask == index + 1).astype(np.uint8) for index in range(classes)]


def mask_file(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Return the values of a mask file of an image of this shape."""
    try:
        mask = decode_values(read_bytes(path))
    except BadImageError as error:
        raise BadImageError(f"mask {path.name}: {error}; save it as PNG with one channel of 8 bit") from error
    if mask.shape != shape:
        raise BadImageError(
            f"mask {path.name} has {mask.shape[1]} x {mask.shape[0]} pixels, the image {shape[1]} x {shape[0]}; draw "
            "it on the image as it is stored"
        )
    return mask
