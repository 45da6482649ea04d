"""From a raw image to the stored square: pad with black, resize; masks and boxes go along (evaluation.md
section 5).

The padding is symmetric and rounded down on both sides. Under `odd_padding: short` an odd difference
therefore leaves the image one pixel short of a square and the resize scales the two axes differently;
`exact` adds the missing pixel at the right or at the bottom.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from PIL import Image

OddPadding = Literal["short", "exact"]


@dataclass(frozen=True)
class Frame:
    """How an image of `height` x `width` pixels comes into the stored square of `side` pixels."""

    height: int
    width: int
    side: int
    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    @classmethod
    def padded(cls, height: int, width: int, side: int, odd_padding: OddPadding) -> Frame:
        """Return the frame that pads to a square before the resize."""
        longest = max(height, width)
        across, down = longest - width, longest - height
        odd = odd_padding == "exact"
        left, top = across // 2, down // 2
        return cls(height, width, side, left, top, across - left if odd else left, down - top if odd else top)

    @property
    def padded_height(self) -> int:
        return self.top + self.height + self.bottom

    @property
    def padded_width(self) -> int:
        return self.left + self.width + self.right


def fit_image(image: np.ndarray | Image.Image, frame: Frame) -> np.ndarray:
    """Return an 8-bit grey image, uint8 (H, W) or Pillow's, as uint8 (S, S): Pillow's bilinear filter, antialiased."""
    shown = image if isinstance(image, Image.Image) else Image.fromarray(image)
    padded = (frame.padded_width, frame.padded_height)
    if padded != shown.size:
        canvas = Image.new("L", padded)
        canvas.paste(shown, (frame.left, frame.top))
        shown = canvas
    return np.asarray(shown.resize((frame.side, frame.side), Image.Resampling.BILINEAR))


def fit_mask(mask: np.ndarray, frame: Frame) -> np.ndarray:
    """Return a 0/1 mask (H, W) as uint8 (S, S): source pixel floor((i + 0.5) * scale), as Pillow counts.

    Reads only the pixels that it keeps: no padded copy, no full-size image.
    """
    rows = _nearest(frame.padded_height, frame.side) - frame.top
    columns = _nearest(frame.padded_width, frame.side) - frame.left
    first_row, end_row = np.searchsorted(rows, [0, frame.height])
    first_column, end_column = np.searchsorted(columns, [0, frame.width])
    fitted = np.zeros((frame.side, frame.side), dtype=np.uint8)
    rows, columns = rows[first_row:end_row], columns[first_column:end_column]
    by_columns = mask.strides[0] < mask.strides[1]  # as run lengths come: whole columns are read
    kept = mask.T[columns].take(rows, axis=1).T if by_columns else mask[rows].take(columns, axis=1)
    fitted[first_row:end_row, first_column:end_column] = kept
    return fitted


def fit_boxes(boxes: np.ndarray, frame: Frame) -> np.ndarray:
    """Return boxes (n, 4) x, y, w, h as float32 in stored pixels; not clipped, not rounded."""
    scale = np.array([frame.side / frame.padded_width, frame.side / frame.padded_height] * 2)
    return (pad_boxes(boxes, frame) * scale).astype(np.float32)


def pad_boxes(boxes: np.ndarray, frame: Frame) -> np.ndarray:
    """Return boxes (n, 4) as float64 in pixels of the padded image."""
    return np.asarray(boxes, dtype=np.float64).reshape(-1, 4) + np.array([frame.left, frame.top, 0, 0])


@lru_cache(maxsize=256)
def _nearest(length: int, side: int) -> np.ndarray:
    """Return the source pixel of each of `side` pixels as Pillow finds it: by a running float64 sum."""
    step = length / side
    return np.cumsum(np.concatenate([[step / 2], np.full(side - 1, step)])).astype(np.int64)
