"""Masks drawn from boxes, and what a mask stored as GIF reads back as (datasets.md section 1)."""

from __future__ import annotations

from typing import Literal

import numpy as np

FullMask = Literal["background", "foreground"]


def box_mask(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the union of boxes (n, 4) x, y, w, h as uint8 0/1 (height, width).

    Rows round(y) to round(y + h) - 1, columns alike, halves to even. A negative corner counts from the
    far side, as an array slice does, and so usually leaves nothing; RSNA and NIH have none. Without boxes the mask
    is read-only and takes no memory.
    """
    if not len(boxes):
        return np.broadcast_to(np.uint8(0), (height, width))
    mask = np.zeros((height, width), dtype=np.uint8)
    for x, y, w, h in np.asarray(boxes, dtype=np.float64).reshape(-1, 4).tolist():
        mask[round(y) : round(y + h), round(x) : round(x + w)] = 1
    return mask


def as_gif_reads(mask: np.ndarray, full_mask_reads_as: FullMask) -> np.ndarray:
    """Return a mask as its GIF reads back: 0/1, but one without any background has a single entry, 0."""
    if full_mask_reads_as == "background" and mask[0, 0] and mask.all():
        return np.zeros_like(mask)
    return mask


def covered_share(mask: np.ndarray) -> float:
    """Return the share of a mask's pixels that are set."""
    if not any(mask.strides):  # a mask without boxes: all of its pixels are one
        return float(mask.flat[0] != 0)
    return float(np.count_nonzero(mask) / mask.size)
