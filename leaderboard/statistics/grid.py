"""A table as arrays: what the statistics see of it.

What a cell counts with is fixed (docs/statistics.md): a complete cell its mean; a diverged one `DIVERGED` in ranks and
0, the lowest value of every metric, in scores; a partial or missing one nothing, and it takes its row out of rankings.
Tests see distinct runs only: a repeated run adds no information.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lovt_bench.benchmark.contract.leaderboard import Cell, Row, Table
from lovt_bench.leaderboard.statistics.audit import distinct
from lovt_bench.leaderboard.statistics.places import DIVERGED
from lovt_bench.leaderboard.statistics.summary import NORMAL_QUANTILE, sample_std

PRINTED_HALF_UNIT = 0.0005
"""Published intervals are printed in percent with one decimal: one of 0.0 may be as large as 0.05 %."""


@dataclass(frozen=True)
class Grid:
    """R rows by T tasks, in the order of the table."""

    rows: tuple[str, ...]
    names: tuple[str, ...]
    """Display names."""
    methods: tuple[str, ...]
    tasks: tuple[str, ...]
    datasets: tuple[str, ...]
    """Dataset of each task."""
    scores: NDArray[np.float64]
    """(R, T): mean, `DIVERGED`, or NaN where nothing counts."""
    std: NDArray[np.float64]
    """(R, T): standard deviation of the distinct runs, NaN where it is not known."""
    runs: NDArray[np.int64]
    """(R, T): distinct runs, 0 where nothing counts."""
    values: dict[tuple[int, int], tuple[float, ...]]
    """Distinct run values by row and task; absent for cells that have a summary only."""
    drawn: frozenset[int] = frozenset()
    """Rows of which a seed is one backbone for all tasks: a good one is good on each, so that tasks are not
    independent. None of a published table (docs/statistics.md)."""
    shared: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    """By row of `drawn`, (S, T): values of the seeds that all tasks have; absent where a task is not whole."""

    @property
    def complete(self) -> NDArray[np.bool_]:
        """(R,): rows that are measured on every task."""
        return np.full(len(self.rows), bool(self.tasks)) & ~np.isnan(self.scores).any(axis=1)

    @property
    def bounded(self) -> NDArray[np.float64]:
        """(R, T): scores with 0 for diverged cells."""
        return np.where(np.isneginf(self.scores), 0.0, self.scores)

    def dataset_index(self) -> tuple[list[str], NDArray[np.int64]]:
        """Return the datasets in the order of the tasks, and for each task the index of its own."""
        known = list(dict.fromkeys(self.datasets))
        return known, np.array([known.index(name) for name in self.datasets], dtype=np.int64)


def drawn_per_run(row: Row) -> bool:
    """Return whether a row has no weights of its own: each seed draws a backbone, the same one for all tasks."""
    return row.supervision == "none" and bool(row.architecture) and "Weights" not in row.provenance


def grid_of(table: Table, *, of_methods: bool = False) -> Grid:
    """Return the table as arrays; `of_methods`: each run is a checkpoint, evaluated on all tasks."""
    tasks = tuple(column.task for column in table.columns)
    shape = (len(table.rows), len(tasks))
    scores, std, runs = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=np.int64)
    values: dict[tuple[int, int], tuple[float, ...]] = {}
    place = {task: column for column, task in enumerate(tasks)}
    for index, row in enumerate(table.rows):
        for cell in row.cells:
            column = place.get(cell.task)
            if column is None or cell.status == "partial":
                continue
            if cell.status == "diverged" or cell.summary is None:
                scores[index, column] = DIVERGED
                continue
            scores[index, column] = cell.summary.mean
            kept = distinct([(run.value, run.seed) for run in cell.runs if run.value is not None])
            if kept:
                values[index, column] = kept
                runs[index, column] = len(kept)
                whole = cell.summary.std if len(kept) == cell.summary.runs else None
                spread = sample_std(kept) if whole is None else whole
            else:
                runs[index, column] = cell.summary.runs
                spread = _spread_of_summary(cell, printed=table.kind == "published")
            std[index, column] = math.nan if spread is None else spread
    drawn = frozenset(
        index
        for index, row in enumerate(table.rows)
        if of_methods or (table.kind != "published" and drawn_per_run(row))
    )
    by_seed = {index: _by_seed(table.rows[index], tasks) for index in sorted(drawn)}
    return Grid(
        rows=tuple(row.id for row in table.rows),
        names=tuple(row.display_name for row in table.rows),
        methods=tuple(row.method for row in table.rows),
        tasks=tasks,
        datasets=tuple(column.dataset for column in table.columns),
        scores=scores,
        std=std,
        runs=runs,
        values=values,
        drawn=drawn,
        shared={index: found for index, found in by_seed.items() if found is not None},
    )


def _by_seed(row: Row, tasks: tuple[str, ...]) -> NDArray[np.float64] | None:
    """Return (S, T), 0 where a cell diverged; None where only summaries are known, or a task is not whole."""
    cells = [row.cell(task) for task in tasks]
    if any(cell is None or cell.status == "partial" or not cell.runs for cell in cells):
        return None
    whole = [cell for cell in cells if cell and cell.status == "complete"]
    known = [{run.seed: run.value for run in cell.runs if run.value is not None} for cell in whole]
    seeds = sorted(set.intersection(*map(set, known))) if known else []
    columns = iter([[found[seed] for seed in seeds] for found in known])
    zeros = [0.0] * len(seeds)
    return np.array(
        [next(columns) if cell and cell.status == "complete" else zeros for cell in cells], dtype=np.float64
    ).T


def _spread_of_summary(cell: Cell, *, printed: bool) -> float | None:
    """Return the standard deviation that a summary states, or the one its 1.96 interval implies."""
    summary = cell.summary
    if summary is None or summary.runs < 2:
        return None
    if summary.std is not None:
        return summary.std
    half_width = summary.interval95_normal
    if half_width is None:
        return None
    least = PRINTED_HALF_UNIT if printed else 0.0
    return max(half_width, least) * math.sqrt(summary.runs) / NORMAL_QUANTILE
