"""Constant resampling from one grid to another, as a matrix for each axis: what `F.interpolate` gives."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn

Weights = tuple[tuple[float, ...], ...]


def resample(maps: Tensor, side: int) -> Tensor:
    """Return (N, C, side, side) of square maps (N, C, h, h); the maps themselves where they have that side.

    Antialiased, bilinear, pixel centres aligned, not corners: equals `F.interpolate(mode="bilinear", antialias=True)`,
    and exports as products.
    """
    source = maps.shape[-1]
    if source == side:
        return maps
    matrix = matrix_of(antialiased(triangle, 1, source, side), maps)
    return matrix @ (maps @ matrix.T)


def matrix_of(weights: Weights, like: Tensor) -> Tensor:
    """Return weights, rounded to float32, as a matrix on the device and in the dtype of a tensor.

    It is kept, since each copy to a GPU makes the step wait; but not while something is traced, when it is no tensor.
    """
    if is_traced(like):
        return torch.tensor(weights, device="cpu").to(like.device, like.dtype)
    return _kept(weights, like.device, like.dtype)


@cache
def _kept(weights: Weights, device: torch.device, dtype: torch.dtype) -> Tensor:
    with torch.inference_mode(False):  # a tensor of inference mode cannot be trained through
        return torch.tensor(weights, device="cpu").to(device, dtype)


def is_traced(tensor: Tensor) -> bool:
    """Return whether what is computed with a tensor now is written down for later, so that nothing may be kept."""
    own = type(tensor) in (Tensor, nn.Parameter)
    return not own or torch.compiler.is_compiling() or torch.jit.is_tracing()


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
