"""What two copies of one X-ray share whatever was done to them: no border, no contrast curve, no size, no bit depth."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.stats import rankdata

REDUCED_SIDE = 128
"""Shorter side in pixels at which borders are looked for: noise of single pixels is gone there."""

LONGEST_SIDE = 512
"""Limit of the longer side there, for very long images."""

BORDER_SPREAD = 10 / 255
"""A row or column belongs to a flat border if its 5th and 95th percentiles differ by no more than this share of the
image's range. Stores are padded to a square; scans come with and without borders."""

SMALLEST = 16
"""Pixels a side that must be left; what is smaller has nothing to compare."""

SIDE = 64
"""Side of the canonical image in pixels."""


def trimmed(pixels: np.ndarray) -> np.ndarray | None:
    """Return an image reduced and without its flat borders, float32 (h, w) in [0, 1]; None where nothing is left.

    Args:
        pixels: (H, W) of any real dtype and range.
    """
    height, width = pixels.shape
    scale = min(REDUCED_SIDE / min(height, width), LONGEST_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = Image.fromarray(np.ascontiguousarray(pixels, dtype=np.float32))
    reduced = np.asarray(grey.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR))
    low, high = np.percentile(reduced, [1, 99])
    if not high > low:
        return None
    stretched = np.clip((reduced - low) / (high - low), 0, 1)
    rows, columns = _structured(stretched, axis=1), _structured(stretched, axis=0)
    inner = stretched[rows, columns]
    return inner if min(inner.shape) >= SMALLEST else None


def canonical(image: np.ndarray) -> np.ndarray:
    """Return an image as uint8 (64, 64): resized without regard to its ratio, then grey values by rank.

    Ranks make every monotone change of contrast vanish: windows, gamma, equalisation, bit depth.
    """
    small = np.asarray(
        Image.fromarray(image.astype(np.float32)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    )
    ranks = rankdata(small, method="average").reshape(SIDE, SIDE)
    return np.asarray(255 * (ranks - 1) / (small.size - 1), dtype=np.uint8)


def _structured(image: np.ndarray, axis: int) -> slice:
    """Return from the first to the last row (axis 1) or column (axis 0) that is not flat."""
    low, high = np.percentile(image, [5, 95], axis=axis)
    found = np.flatnonzero(high - low > BORDER_SPREAD)
    return slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, 0)
