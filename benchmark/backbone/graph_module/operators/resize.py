"""Resize to the nearest or between two pixels, axis by axis, by the standard's own formulas of coordinates."""

from __future__ import annotations

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.graph_module.node import (
    Attributes,
    Inputs,
    Operator,
    axes_of,
    given,
    needed,
    numbers,
)


def _resize(attributes: Attributes, inputs: Inputs) -> Tensor:
    found = needed(inputs, 0)
    mode = attributes.text("mode", "nearest")
    transformation = attributes.text("coordinate_transformation_mode", "half_pixel")
    if mode not in ("nearest", "linear"):
        raise attributes.refuse(f"with mode {mode}")
    if attributes.integer("antialias", 0):
        raise attributes.refuse("with antialias")
    if (policy := attributes.text("keep_aspect_ratio_policy", "stretch")) != "stretch":
        raise attributes.refuse(f"with keep_aspect_ratio_policy {policy}")
    axes = axes_of(found.ndim, attributes.integers("axes") or list(range(found.ndim)))
    for axis, size, scale in _sizes(found, axes, inputs):
        side = found.shape[axis]
        if size == side and scale == 1:
            continue
        at = _coordinates(attributes, transformation, side, size, scale)
        if mode == "nearest":
            places = _nearest(attributes, at).clamp(0, side - 1).long()
            found = found.index_select(axis, places.to(found.device))
            continue
        at = at.clamp(0, side - 1)
        below = at.floor().long()
        above = (below + 1).clamp(max=side - 1)
        share = (at - below).to(found.device, found.dtype)
        share = share.reshape([-1 if each == axis else 1 for each in range(found.ndim)])
        first = found.index_select(axis, below.to(found.device))
        found = first * (1 - share) + found.index_select(axis, above.to(found.device)) * share
    return found


def _sizes(found: Tensor, axes: list[int], inputs: Inputs) -> list[tuple[int, int, float]]:
    """Return axis, new side and scale."""
    scales, sizes = given(inputs, 2), given(inputs, 3)
    if sizes is not None and sizes.numel():
        sides = numbers(sizes)
        return [(axis, new, new / found.shape[axis]) for axis, new in zip(axes, sides, strict=True)]
    factors = [float(each) for each in needed(inputs, 2).tolist()] if scales is not None else []
    return [(axis, int(found.shape[axis] * by), by) for axis, by in zip(axes, factors, strict=True)]


def _coordinates(attributes: Attributes, mode: str, side: int, size: int, scale: float) -> Tensor:
    """Return where each new pixel lies among the old ones, (size,) float64."""
    new = torch.arange(size, dtype=torch.float64)
    if mode == "half_pixel" or (mode == "pytorch_half_pixel" and size > 1):
        return (new + 0.5) / scale - 0.5
    if mode == "pytorch_half_pixel":
        return torch.zeros_like(new)
    if mode == "half_pixel_symmetric":
        return side / 2 * (1 - size / (scale * side)) + (new + 0.5) / scale - 0.5
    if mode == "align_corners":
        return new * (side - 1) / (size - 1) if size > 1 else torch.zeros_like(new)
    if mode == "asymmetric":
        return new / scale
    raise attributes.refuse(f"with coordinate_transformation_mode {mode}")


def _nearest(attributes: Attributes, at: Tensor) -> Tensor:
    mode = attributes.text("nearest_mode", "round_prefer_floor")
    if mode == "round_prefer_floor":
        return (at - 0.5).ceil()
    if mode == "round_prefer_ceil":
        return (at + 0.5).floor()
    if mode in ("floor", "ceil"):
        return at.floor() if mode == "floor" else at.ceil()
    raise attributes.refuse(f"with nearest_mode {mode}")


TABLE: dict[str, Operator] = {"Resize": Operator(_resize, host=frozenset({1, 2, 3}))}
"""Names of the standard."""
