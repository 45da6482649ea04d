"""Tables of positions of which a network itself says how they go to another grid."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.tokens.positions import PositionRule, resample_table


@dataclass(frozen=True)
class PositionTable:
    """A table of learned positions, which depends on the side of the images that a network was trained at."""

    rule: PositionRule
    """By which the library that owns the network resamples it."""
    before: int = 0
    """Rows before those of the grid: CLS and distillation tokens."""
    after: int = 0
    """Rows after those of the grid."""

    def grid(self, rows: int) -> int | None:
        """Return the side of the grid of a table of so many rows; None where they are no square."""
        patches = rows - self.before - self.after
        side = isqrt(max(0, patches))
        return side if side and side**2 == patches else None

    def resampled(self, table: Tensor, rows: int) -> Tensor | None:
        """Return a table with another number of rows; None where either number is no grid.

        Args:
            table: (rows, width) or (1, rows, width); without values on the meta device.
            rows: Wanted.
        """
        flat = table.reshape(1, *table.shape[-2:])
        last = flat.shape[1] - self.after
        source, target = self.grid(flat.shape[1]), self.grid(rows)
        if source is None or target is None:
            return None
        if table.is_meta:
            return table.new_empty(*table.shape[:-2], rows, table.shape[-1])
        moved = resample_table(flat[:, :last], self.rule, source, target, self.before)
        return torch.cat([moved, flat[:, last:]], 1).reshape(*table.shape[:-2], rows, -1)
