"""Which tensors are tables of positions, and how they go to another grid: by the rule of transformers' own forward."""

from __future__ import annotations

from math import isqrt

from torch import Tensor, nn
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.model import PositionTable

_OF_PATCHES = (
    "embeddings.position_embeddings",
    "embeddings.position_embedding.weight",
)
_OF_DISTANCES = "relative_position_bias_table"

ANTIALIASED = "dinov2_with_registers"
"""The model type whose forward resamples with antialiasing."""


def position_tables(model_type: str, network: nn.Module, prefix: int) -> dict[str, PositionTable]:
    """Return the tables of a network that depend on the side of its images.

    Args:
        model_type: The network's.
        network: Of transformers.
        prefix: Rows before those of patches.
    """
    found = {}
    for name, _ in network.named_parameters():
        if name in _OF_PATCHES:
            rule = "bicubic-antialias" if model_type == ANTIALIASED else "bicubic"
            found[name] = PositionTable(rule, before=prefix)
        elif name.endswith(_OF_DISTANCES):
            # Distances between patches, and three rows: CLS to patch, patch to CLS, CLS to itself.
            found[name] = PositionTable("bilinear", after=3)
    return found


def resampled(table: Tensor, rule: PositionTable, rows: int) -> Tensor | None:
    """Return a table with another number of rows; itself where they agree, None where they are no square grid.

    Args:
        table: (rows, width) or (1, rows, width), also on the meta device.
        rule: By which it is resampled, in float32.
        rows: Wanted.
    """
    flat = table.reshape(table.shape[-2:])
    if len(flat) == rows:
        return table
    last = len(flat) - rule.after
    sides = [isqrt(max(0, count - rule.before - rule.after)) for count in (len(flat), rows)]
    if min(sides) == 0 or [side**2 + rule.before + rule.after for side in sides] != [len(flat), rows]:
        return None
    source, target = sides
    grid = flat[rule.before : last].float().T.reshape(1, -1, source, source)
    mode = "bilinear" if rule.rule == "bilinear" else "bicubic"
    moved = F.interpolate(grid, (target, target), mode=mode, antialias=rule.rule == "bicubic-antialias")
    patches = moved.reshape(-1, target**2).T.to(flat.dtype)
    joined = flat.new_empty((rows, flat.shape[1]))
    joined[: rule.before] = flat[: rule.before]
    joined[rule.before : rows - rule.after] = patches
    joined[rows - rule.after :] = flat[last:]
    return joined.reshape(*table.shape[:-2], *joined.shape)
