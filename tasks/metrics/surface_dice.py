"""Surface Dice of each image, averaged: the share of both contours that lies near the other one.

Only where masks are contours that somebody drew: RSNA's, NIH's and some of Object CXR's are filled boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt

from lovt_bench.tasks.metric import Metric

METRIC = Metric(
    names=("<class>_surface_dice",),
    target="masks",
    order=70,
    beside=True,
    reads="masks",
    datasets=("siim", "covid-rural"),
)

TOLERANCE = 2 / 224
"""Distance, as a share of the image side, up to which a contour is near: 2 pixels of 224."""

Mask = NDArray[np.bool_]


def surface_dice(one: Mask, other: Mask, tolerance: float) -> float:
    """Return the share of the edge pixels of both masks (H, W) that lie up to so many pixels from the other's edge.

    1 where both are empty, 0 where one is.
    """
    if not (one.any() and other.any()):
        return float(one.any() == other.any())
    edges = [mask & ~binary_erosion(mask) for mask in (one, other)]
    near = [
        np.count_nonzero(distance_transform_edt(~beside)[edge] <= tolerance)
        for edge, beside in (edges, edges[::-1])
    ]
    return float(sum(near) / sum(np.count_nonzero(edge) for edge in edges))


def compute(
    found: NDArray[np.uint8], truth: NDArray[np.uint8], side: int, classes: Sequence[str]
) -> dict[str, float]:
    """Return `<class>_surface_dice` of packed masks (N, C, bytes) of a side in pixels."""
    result = {}
    for index, name in enumerate(classes):
        values = [
            surface_dice(_unpacked(one, side), _unpacked(other, side), TOLERANCE * side)
            for one, other in zip(found[:, index], truth[:, index], strict=True)
        ]
        result[f"{name}_surface_dice"] = fsum(values) / len(values)
    return result


def _unpacked(packed: NDArray[np.uint8], side: int) -> Mask:
    return np.unpackbits(packed, count=side * side).reshape(side, side).astype(bool)
