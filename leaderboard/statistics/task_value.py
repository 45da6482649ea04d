"""What each task of a table tells: whether it can tell rows apart, whether other tasks say the same, what it costs.

Descriptions of these rows, no tests: they hang on which rows there are (docs/statistics.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.statistics.analyse import subset
from lovt_bench.leaderboard.statistics.grid import Grid, grid_of
from lovt_bench.leaderboard.statistics.places import doubled_ranks
from lovt_bench.leaderboard.statistics.sources import source_of

BEST = 8
"""Rows among which correlations are taken again: the far ends of a table agree easily."""

FEWEST = 4
"""Complete rows below which nothing is said."""

WARNING = (
    "These numbers describe these rows. Range: rows far apart (random, ImageNet) agree on every task, so that "
    "correlations over all rows are high. Picking: the best rows were chosen by the same numbers, which lowers theirs. "
    "Families: rows of one method are no independent rows. No place is predicted from some of the tasks."
)

Ranks = NDArray[np.float64]


class TooFewRowsError(ValueError):
    """The table has too few complete rows or tasks; the message says so."""


@dataclass(frozen=True)
class TaskValue:
    """What one task tells; None where it cannot be computed."""

    task: str
    reliability: float | None
    """Share of the variance of a cell's mean that is between rows and not between runs, 0 to 1."""
    others: float | None
    """Spearman's correlation of its ranks with the mean ranks over all other tasks."""
    others_best: float | None
    """The same with ranks taken anew among the best rows."""
    sources: float | None
    """As `others`, over the tasks from other sources."""
    without: float | None
    """Spearman's correlation of the mean ranks with and without the task."""
    moved: int
    """Rows whose place changes without it."""
    seconds: float | None
    """Mean over rows of what all runs of the cell took, tuning included."""


@dataclass(frozen=True)
class TaskSuite:
    """What `task_values` returns."""

    rows: int
    best: int
    """Rows in `others_best`."""
    tasks: list[TaskValue]
    linear: float | None
    """Spearman's correlation of the mean ranks over the tasks with a linear head and over the others."""
    linear_best: float | None
    """The same with ranks taken anew among the best rows."""


def task_values(table: Table) -> TaskSuite:
    """Return what each task of a table tells, of its complete rows.

    Raises:
        TooFewRowsError: There are fewer than four complete rows, or fewer than two tasks.
    """
    grid = grid_of(table)
    grid = subset(grid, np.flatnonzero(grid.complete))
    if len(grid.rows) < FEWEST or len(grid.tasks) < 2:
        raise TooFewRowsError(
            f"{table.id} has {len(grid.rows)} complete row(s) on {len(grid.tasks)} task(s): what a task tells needs "
            f"{FEWEST} rows and two tasks"
        )
    every = _ranks(grid.scores)
    order = np.lexsort((np.array(grid.rows), every.mean(axis=1)))[:BEST]
    top = _ranks(grid.scores[order])
    linear = np.array([column.head == "linear" for column in table.columns])
    sources = np.array([source_of(name) for name in grid.datasets])
    seconds = _seconds(table, set(grid.rows))
    found = []
    for column, task in enumerate(grid.tasks):
        rest = np.arange(len(grid.tasks)) != column
        whole, left = every.mean(axis=1), every[:, rest].mean(axis=1)
        found.append(
            TaskValue(
                task=task,
                reliability=_reliability(grid, column),
                others=spearman(every[:, column], left),
                others_best=spearman(top[:, column], top[:, rest].mean(axis=1)),
                sources=_between(every, np.flatnonzero(~rest), np.flatnonzero(sources != sources[column])),
                without=spearman(whole, left),
                moved=int((_ranks(-whole[:, None]) != _ranks(-left[:, None])).sum()),
                seconds=seconds.get(task),
            )
        )
    parts = np.flatnonzero(linear), np.flatnonzero(~linear)
    return TaskSuite(len(grid.rows), len(order), found, _between(every, *parts), _between(top, *parts))


def spearman(first: Iterable[float], second: Iterable[float]) -> float | None:
    """Return Spearman's correlation; None where one side is constant."""
    ranked = [_ranks(np.array(list(side), dtype=np.float64)[:, None])[:, 0] for side in (first, second)]
    a, b = (side - side.mean() for side in ranked)
    size = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / size if size else None


def _between(ranks: Ranks, first: NDArray, second: NDArray) -> float | None:
    if not len(first) or not len(second):
        return None
    return spearman(ranks[:, first].mean(axis=1), ranks[:, second].mean(axis=1))


def _ranks(scores: Ranks) -> Ranks:
    """Return (R, T) ranks within each task, 1 for the highest score."""
    return doubled_ranks(scores.T.copy()).T / 2


def _reliability(grid: Grid, column: int) -> float | None:
    known = np.isfinite(grid.scores[:, column]) & np.isfinite(grid.std[:, column])
    if known.sum() < 2:
        return None
    total = float(grid.scores[known, column].var(ddof=1))
    runs = float((grid.std[known, column] ** 2 / grid.runs[known, column]).mean())
    return max(0.0, 1 - runs / total) if total > 0 else None


def _seconds(table: Table, rows: set[str]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in table.rows:
        for cell in row.cells if row.id in rows else []:
            if cell.cost is not None:
                found.setdefault(cell.task, []).append(cell.cost.seconds)
    return {task: float(np.mean(values)) for task, values in found.items()}
