"""The same runs made twice: how far apart two values of one key may be (docs/records.md, "The same run elsewhere").

A linear head on a frozen backbone gave equal numbers under other threads and instruction sets. Every other head parts
after some steps: its value is then as far from the first as that of another seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import stdtrit

from lovt_bench.benchmark.contract.leaderboard import Cell, Column
from lovt_bench.tasks.head import heads

LINEAR = 0.002
"""What a linear head on a frozen backbone may differ by, as a fraction: batches of other size sum in other order."""

RATIO = 1.0
"""Deviation of a run made again over the deviation between seeds, of all other heads: measured 0.76 and 0.85."""


@dataclass(frozen=True)
class Repeats:
    """Runs of one task that two rows both hold, by key."""

    runs: int
    largest: float
    """Largest difference of two values of one key."""
    limit: float | None
    """That threads and instruction sets explain at 5 %; None where the deviation between seeds is not known."""

    @property
    def explained(self) -> bool | None:
        """Whether the difference is within the limit; None where nothing can be said."""
        return None if self.limit is None else self.largest <= self.limit


def repeats(column: Column, first: Cell | None, second: Cell | None) -> Repeats | None:
    """Return how far apart the runs are that both cells hold; None where they hold none in common."""
    if first is None or second is None:
        return None
    values = {run.key: run.value for run in first.runs if run.value is not None}
    pairs = [
        (values[run.key], run.value) for run in second.runs if run.value is not None and run.key in values
    ]
    if not pairs:
        return None
    largest = max(abs(one - other) for one, other in pairs)
    return Repeats(len(pairs), largest, _limit(column, (first, second), len(pairs)))


def _limit(column: Column, cells: tuple[Cell, Cell], pairs: int) -> float | None:
    head = heads().get(column.head)
    if head and head.one_layer and column.backbone == "frozen":
        return LINEAR
    known = [
        (cell.summary.std, cell.summary.runs - 1)
        for cell in cells
        if cell.summary and cell.summary.std is not None
    ]
    if not known:
        return None
    # The smaller one: a number that was changed spreads its own cell.
    deviation, freedom = min(known)
    # The largest of several differences is looked at: Bonferroni.
    return float(stdtrit(freedom, 1 - 0.025 / pairs)) * math.sqrt(2) * RATIO * deviation
