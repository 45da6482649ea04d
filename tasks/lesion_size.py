"""Images by the size of their lesions. No torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIZES = ("smallest third", "middle third", "largest third")
"""Of the images with a lesion, by area."""


def by_size(area: NDArray[np.floating] | NDArray[np.integer]) -> dict[str, NDArray[np.bool_]]:
    """Return which images (N,) are of each size; empty where none has a lesion.

    Args:
        area: (N,) area of the lesions of each image, in any unit; 0 without one.
    """
    known = area[area > 0]
    if not len(known):
        return {}
    low, high = np.quantile(known, [1 / 3, 2 / 3])
    parts = ((area > 0) & (area <= low), (area > low) & (area <= high), area > high)
    return dict(zip(SIZES, parts, strict=True))
