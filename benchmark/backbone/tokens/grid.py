"""Constant resampling of maps from one grid to another: antialiased, bilinear, pixel centres aligned, not corners."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F


@cache
def resampling(source: int, target: int) -> Tensor:
    """Return the (target, source) float32 matrix that resamples one axis; the identity where the sizes agree.

    Its product from both sides equals `F.interpolate(mode="bilinear", antialias=True)`, and exports as products.
    """
    if source == target:
        return torch.eye(source)
    with torch.device("cpu"):
        axis = torch.eye(source)[None, None]
        return F.interpolate(axis, (target, source), mode="bilinear", antialias=True)[0, 0].contiguous()


def resample(maps: Tensor, side: int) -> Tensor:
    """Return (N, C, side, side) of square maps (N, C, h, h); the maps themselves where they have that side."""
    source = maps.shape[-1]
    if source == side:
        return maps
    matrix = resampling(source, side).to(maps.device, maps.dtype)
    return matrix @ maps @ matrix.T


def tokens_across(side: int, patch: int) -> int:
    """Return how many patches an image of that side is cut into along one axis: the nearest number, at least 1."""
    return max(1, (2 * side + patch) // (2 * patch))
