"""Constant resampling from one grid to another, as a matrix for each axis: what `F.interpolate` gives.

The weights are computed here, without tensors: a tensor that is kept between calls would be none while a graph is
traced.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

Weights = tuple[tuple[float, ...], ...]


def resampling(source: int, target: int) -> Tensor:
    """Return the (target, source) float32 matrix of one axis, on the CPU; the identity where the sizes agree.

    Antialiased, bilinear, pixel centres aligned, not corners. Its product from both sides equals
    `F.interpolate(mode="bilinear", antialias=True)`, and exports as products.
    """
    return torch.tensor(antialiased(triangle, 1, source, target), device="cpu")


def resample(maps: Tensor, side: int) -> Tensor:
    """Return (N, C, side, side) of square maps (N, C, h, h); the maps themselves where they have that side."""
    source = maps.shape[-1]
    if source == side:
        return maps
    matrix = resampling(source, side).to(maps.device, maps.dtype)
    return matrix @ (maps @ matrix.T)


def tokens_across(side: int, patch: int) -> int:
    """Return how many patches an image of that side is cut into along one axis: the nearest number, at least 1."""
    return max(1, (2 * side + patch) // (2 * patch))


def triangle(x: float) -> float:
    """Return the bilinear kernel."""
    return max(0.0, 1 - abs(x))


def cubic(x: float, a: float) -> float:
    """Return Keys' cubic kernel."""
    x = abs(x)
    if x < 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return a * (((x - 5) * x + 8) * x - 4) if x < 2 else 0.0


@cache
def antialiased(kernel: Callable[[float], float], support: int, source: int, target: int) -> Weights:
    """Return the weights of an axis whose kernel widens as the grid becomes coarser.

    Args:
        kernel: Weight by distance.
        support: Distance from which the kernel is 0.
        source: Points of the axis that is read.
        target: Points of the axis that is made.
    """
    scale = source / target
    stretch = max(scale, 1.0)
    rows = []
    for point in range(target):
        centre = scale * (point + 0.5)
        first = max(0, int(centre - support * stretch + 0.5))
        last = min(source, int(centre + support * stretch + 0.5))
        row = [
            kernel((place + 0.5 - centre) / stretch) if first <= place < last else 0.0
            for place in range(source)
        ]
        rows.append(tuple(weight / sum(row) for weight in row))
    return tuple(rows)


@cache
def sampled(
    kernel: Callable[[float], float], support: int, source: int, target: int, scale: float
) -> Weights:
    """Return the weights of an axis that is read at points, without regard to how far they lie apart.

    Args:
        kernel: Weight by distance.
        support: Distance from which the kernel is 0.
        source: Points of the axis that is read; beyond its ends they repeat.
        target: Points of the axis that is made.
        scale: Points read by a step of the axis that is made.
    """
    rows = []
    for point in range(target):
        centre = scale * (point + 0.5) - 0.5
        row = [0.0] * source
        below = math.floor(centre)
        for place in range(below - support + 1, below + support + 1):
            row[min(max(place, 0), source - 1)] += kernel(centre - place)
        rows.append(tuple(row))
    return tuple(rows)
