"""By which rule a table of learned positions goes from one grid of patches to another.

Libraries differ in it, so features do: a backbone states the rule of the library that trained it. Tables are resampled
once when weights are taken, to the grid of 224-pixel images, and in the forward for images of another side.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.tokens.grid import (
    Weights,
    antialiased,
    cubic,
    matrix_of,
    sampled,
    triangle,
)

PositionRule = Literal["bicubic", "bicubic-antialias", "bicubic-offset", "bilinear"]
"""`bicubic`: Hugging Face's transformers, MAE, DeiT. `bicubic-antialias`: timm, OpenCLIP, DINOv2's repository with
registers. `bicubic-offset`: DINOv2's repository without registers, whose scale is that of a grid larger by 0.1.
`bilinear`: BEiT-like tables and some ports of SigLIP."""

_OFFSET = 0.1
_SHARP, _SMOOTH = partial(cubic, a=-0.75), partial(cubic, a=-0.5)
"""torch's cubic kernel without and with antialiasing."""


def resample_table(table: Tensor, rule: PositionRule, from_grid: int, to_grid: int, prefix: int) -> Tensor:
    """Return a table of positions for another grid; the table itself where the grids agree.

    Args:
        table: (1, prefix + from_grid², width), rows of the grid after those of CLS and other prefix tokens.
        rule: Rule of the table's origin.
        from_grid: Tokens along one axis that the table is for.
        to_grid: Tokens along one axis that are wanted.
        prefix: Rows that belong to no patch; they stay as they are.

    Returns:
        (1, prefix + to_grid², width) in the dtype of the table, computed in float32 at least.

    Raises:
        ValueError: The table has other rows, or the rule is none.
    """
    if table.ndim != 3 or table.shape[1] != prefix + from_grid**2:
        raise ValueError(
            f"expected a table of positions (1, {prefix} + {from_grid}², width), found {tuple(table.shape)}"
        )
    if from_grid == to_grid:
        return table
    grid = table[:, prefix:].to(torch.promote_types(table.dtype, torch.float32))
    matrix = matrix_of(_weights(rule, from_grid, to_grid), grid)
    rows = matrix @ grid.reshape(from_grid, -1)
    moved = torch.einsum("ts,rsc->rtc", matrix, rows.reshape(to_grid, from_grid, -1))
    return torch.cat([table[:, :prefix], moved.reshape(1, to_grid**2, -1).to(table.dtype)], 1)


def _weights(rule: PositionRule, source: int, target: int) -> Weights:
    """Return the (target, source) weights of one axis; both axes together are what `F.interpolate` gives."""
    if rule == "bicubic-antialias":
        return antialiased(_SMOOTH, 2, source, target)
    if rule == "bicubic":
        return sampled(_SHARP, 2, source, target, source / target)
    if rule == "bicubic-offset":
        return sampled(_SHARP, 2, source, target, source / (target + _OFFSET))
    if rule == "bilinear":
        return sampled(triangle, 1, source, target, source / target)
    raise ValueError(f"positions are resampled by one of {', '.join(get_args(PositionRule))}, found {rule!r}")
