"""Tokens and position tables: brought to the shape that an architecture has at this benchmark's image side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.tokens.positions import PositionRule, resample_table
from lovt_bench.benchmark.backbone.tokens.tables import PositionTable
from lovt_bench.benchmark.backbone.understand.outline import Outline
from lovt_bench.benchmark.backbone.understand.source import Source, combined

TABLES = ("pos_embed", "position_embeddings", "position_embedding.weight")
"""Ends the names of tables of learned positions, of timm and of transformers."""
TOKENS = ("cls_token", "reg_token", "dist_token")
RELATIVE = "relative_position_bias_table"
SLOTS = 8
"""Tokens of no patch that may have a position: class token, distillation token, registers."""
NO_ROW = "the position table has no row for the class token, which gets 0"
"""Said of a table that was filled up."""


@dataclass(frozen=True)
class Fitted:
    """Tensors in the shapes of an architecture."""

    found: Mapping[str, Source]
    """By name in the architecture's state dict."""
    native_grid: int | None
    """Tokens along one axis of the file's table of positions; None where there is no such table."""


def fitted(found: Mapping[str, Source], outline: Outline, rule: PositionRule) -> Fitted:
    """Return tokens and tables in the shapes of an architecture, as far as their shapes allow it.

    Args:
        found: By name in the architecture's state dict.
        outline: Outline of the architecture.
        rule: By which position tables are resampled.
    """
    changed = dict(found)
    native = None
    for name in TOKENS:
        if name in found and found[name].shape != outline.shapes[name]:
            changed |= _named(name, _reshaped(found[name], outline.shapes[name]))
    for name in found:
        if name.endswith(TABLES) and min(len(found[name].shape), len(outline.shapes[name])) < 2:
            continue
        if name in outline.tables:
            by_network, side = _by_network(found[name], outline.tables[name], outline.shapes[name])
            changed |= _named(name, by_network)
            native = native if outline.tables[name].after else side
            continue
        if name.endswith(TABLES) and outline.shapes[name][-1] == found[name].shape[-1:][0]:
            table, native = _table(changed, name, outline, rule)
            changed |= table
        if name.endswith(RELATIVE) and found[name].shape != outline.shapes[name]:
            changed |= _named(name, _relative(found[name], outline.shapes[name]))
    return Fitted(changed, native)


def _by_network(
    source: Source, rule: PositionTable, wanted: tuple[int, ...]
) -> tuple[Source | None, int | None]:
    """Return a table by the rule that its network states, and the side of the file's table."""
    side, grid = rule.grid(source.shape[-2:][0]), rule.grid(wanted[-2])
    if source.shape == wanted or side is None or len(source.shape) != len(wanted):
        return None, side

    def moved(one: Sequence[Tensor]) -> Tensor:
        table = rule.resampled(one[0], wanted[-2])
        if table is None:
            raise ValueError("no grid")
        return table

    said = f"position table {side} x {side} resampled to {grid} x {grid} by {RULES[rule.rule]}"
    return combined([source], moved, said), side


def _named(name: str, source: Source | None) -> dict[str, Source]:
    return {} if source is None else {name: source}


def _reshaped(source: Source, wanted: tuple[int, ...]) -> Source | None:
    """Return a token of another number of axes: `class_embedding` of CLIP has one."""
    if [n for n in source.shape if n != 1] != [n for n in wanted if n != 1]:
        return None
    return combined([source], lambda one: one[0].reshape(wanted))


def _table(
    found: Mapping[str, Source], name: str, outline: Outline, rule: PositionRule
) -> tuple[dict[str, Source], int | None]:
    """Return the position table, the class token where its row is added to it, and the side of the file's table."""
    source, wanted = found[name], outline.shapes[name]
    rows, slots = source.shape[-2:][0], _slots(wanted[-2])
    theirs = _slots(rows)
    table = combined([source], lambda one: one[0].reshape(1, *one[0].shape[-2:]))
    if table is None or slots is None or theirs is None:
        return {}, None
    side, grid = isqrt(rows - theirs), isqrt(wanted[-2] - slots)
    if source.shape == wanted:
        return {}, side
    changed: dict[str, Source | None] = {}
    if theirs == 1 and slots == 0 and "cls_token" in found:
        changed["cls_token"] = combined(
            [found["cls_token"], table],
            lambda two: two[0] + two[1][:, :1],
            "the class token's row of the position table added to the class token",
        )
        table = combined([table], lambda one: one[0][:, 1:])
    elif theirs == 0 and slots == 1:
        table = combined(
            [table],
            lambda one: torch.cat([torch.zeros_like(one[0][:, :1]), one[0]], 1),
            NO_ROW,
        )
    elif theirs != slots:
        return {}, None
    if table is not None and side != grid:
        table = combined(
            [table],
            lambda one: _resampled(one, rule, side, grid, slots),
            f"position table {side} x {side} resampled to {grid} x {grid} by {RULES[rule]}",
        )
    changed[name] = None if table is None else combined([table], lambda one: one[0].reshape(wanted))
    return {key: made for key, made in changed.items() if made is not None}, side


def _slots(rows: int) -> int | None:
    """Return how many rows of a table are of no patch: one for each token that has a position; None for no square."""
    return next((n for n in range(SLOTS + 1) if rows > n and isqrt(rows - n) ** 2 == rows - n), None)


RULES: Mapping[PositionRule, str] = {
    "bicubic": "the rule of transformers and MAE (bicubic)",
    "bicubic-antialias": "timm's rule (bicubic, antialiased)",
    "bicubic-offset": "DINOv2's rule (bicubic, scale of a grid larger by 0.1)",
    "bilinear": "the bilinear rule",
}


def _resampled(one: Sequence[Tensor], rule: PositionRule, side: int, grid: int, prefix: int) -> Tensor:
    if one[0].is_meta:
        return one[0].new_empty(1, prefix + grid * grid, one[0].shape[2])
    return resample_table(one[0], rule, side, grid, prefix)


def _relative(source: Source, wanted: tuple[int, ...]) -> Source | None:
    """Return a table of relative positions for another window, by timm's rule."""
    if len(source.shape) != 2 or len(wanted) != 2 or source.shape[1] != wanted[1]:
        return None
    theirs, ours = isqrt(source.shape[0]), isqrt(wanted[0])
    if theirs**2 != source.shape[0] or ours**2 != wanted[0] or ours % 2 == 0:
        return None
    window = ((ours + 1) // 2,) * 2

    def resized(one: Sequence[Tensor]) -> Tensor:
        if one[0].is_meta:  # timm's rule looks at values
            return one[0].new_empty(wanted)
        from timm.layers import resize_rel_pos_bias_table

        table = resize_rel_pos_bias_table(one[0], new_window_size=window, new_bias_shape=wanted)
        assert isinstance(table, Tensor)
        return table

    before = (theirs + 1) // 2
    return combined(
        [source],
        resized,
        f"relative positions of windows of {before} x {before} resampled to {window[0]} x {window[0]} by timm's rule",
    )
