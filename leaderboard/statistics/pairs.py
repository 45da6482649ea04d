"""Two rows against each other, task by task and over all tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.statistics.grid import Grid, grid_of
from lovt_bench.leaderboard.statistics.hypotheses import ALPHA, Welch, holm, signed_rank, welch

Verdict = Literal["first", "second", "not told apart", "no test", "not measured"]
"""`first` and `second`: that row is better at 5 %, or the other diverged. `no test`: fewer than two distinct runs on a
side. `not measured`: a side has no complete cell, or both diverged."""


@dataclass(frozen=True)
class TaskComparison:
    """Two rows on one task; fractions."""

    task: str
    difference: float | None
    """First minus second; None where a side has no mean."""
    half_width: float | None
    """Half the width of the 95 % interval of the difference (Welch, not corrected)."""
    p: float | None
    p_holm: float | None
    """Corrected over the tasks of the comparison."""
    verdict: Verdict


@dataclass(frozen=True)
class Comparison:
    """What `compare` returns."""

    tasks: list[TaskComparison]
    overall: float | None
    """`overall`."""


def compare(table: Table, first: str, second: str) -> Comparison:
    """Return the paired comparison of two rows of a table. Raises ValueError for a row that is not in it."""
    grid = grid_of(table)
    for row in (first, second):
        if row not in grid.rows:
            raise ValueError(f"row {row!r} is not in table {table.id}; its rows: {', '.join(grid.rows)}")
    a, b = grid.rows.index(first), grid.rows.index(second)
    test = welch_between(grid, a, b)
    corrected = holm(test.p)
    return Comparison(
        tasks=[
            TaskComparison(
                task=task,
                difference=_known(test.difference[column]),
                half_width=_known(test.half_width[column]),
                p=_known(test.p[column]),
                p_holm=_known(corrected[column]),
                verdict=_verdict(grid.scores[a, column], grid.scores[b, column], corrected[column]),
            )
            for column, task in enumerate(grid.tasks)
        ],
        overall=overall(grid, a, b),
    )


def welch_between(grid: Grid, first: Any, second: Any) -> Welch:
    """Return Welch's test of first minus second cells; each is an index of the grid's (R, T) arrays."""
    return welch(
        (grid.scores[first], grid.scores[second]),
        (grid.std[first], grid.std[second]),
        (grid.runs[first], grid.runs[second]),
    )


def overall(grid: Grid, first: int, second: int) -> float | None:
    """Return p of Wilcoxon's signed ranks over the common tasks of two rows, given by index; None without any.

    It tests that the two are alike on each of these tasks under other training seeds, which are drawn anew for every
    task: None where a seed of one of them is one backbone for all tasks. A diverged cell counts as 0.
    """
    if {first, second} & grid.drawn:
        return None
    difference = grid.bounded[first] - grid.bounded[second]
    return signed_rank(difference[~np.isnan(difference)].tolist())


def _verdict(first: float, second: float, p: float) -> Verdict:
    if np.isnan(first) or np.isnan(second) or (np.isinf(first) and np.isinf(second)):
        return "not measured"
    better: Verdict = "first" if first > second else "second"
    if np.isinf(first) or np.isinf(second):
        return better
    if np.isnan(p):
        return "no test"
    return better if p < ALPHA else "not told apart"


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
