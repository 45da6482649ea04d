"""How far mean ranks move when they are resampled dataset by dataset, within it task by task, within that run by run.

A description, no test: the datasets are few and not independent. Who can be told apart: `verdicts`.

Hierarchical bootstrap after A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application (1997), section
3.8. Datasets and tasks are drawn for all rows together (rows are compared on the same tasks), runs for each row by
itself; where a seed is one backbone for all tasks, once for all of them. Ranks are summed as integers and intervals
are order statistics: the result is the same to the last bit on every machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from lovt_bench.benchmark.contract.analysis import Balance
from lovt_bench.leaderboard.statistics.grid import Grid
from lovt_bench.leaderboard.statistics.places import doubled_ranks

SEED = 20221023
"""Seed of every bootstrap; any fixed number would do."""

LARGE = 400
"""Rows from which on fewer samples are drawn, so that a large board builds in seconds."""


@dataclass(frozen=True)
class Bootstrap:
    """Mean ranks of R rows in B samples."""

    samples: NDArray[np.float64]
    """(R, B)."""
    low: NDArray[np.float64]
    """(R,): 2.5 % order statistic, or the mean rank itself where that is lower."""
    high: NDArray[np.float64]


def sample_counts(rows: int) -> tuple[int, int]:
    """Return the number of bootstrap samples, and of draws of the runs of each task that they choose from."""
    return (2000, 200) if rows < LARGE else (1000, 50)


def mean_ranks(grid: Grid, balance: Balance) -> NDArray[np.float64]:
    """Return the mean rank of each row of a grid whose rows are all complete."""
    doubled = doubled_ranks(grid.scores.T.copy())
    weights, total = _weights(grid, balance)
    return (doubled * weights[:, None]).sum(axis=0) / (2 * total)


def bootstrap(grid: Grid, seed: int = SEED) -> dict[Balance, Bootstrap]:
    """Return the bootstrap of both balances for a grid whose rows are all complete."""
    count, draws = sample_counts(len(grid.rows))
    generator = np.random.Generator(np.random.PCG64(seed))
    means = [_draws(grid, task, draws, generator) for task in range(len(grid.tasks))]
    shared = sorted(grid.shared)
    of_seeds = _draws_of_seeds(grid, shared, count, generator)
    own = [row for row in range(len(grid.rows)) if row not in grid.shared]
    means = [found[:, own] for found in means]
    ranked = [doubled_ranks(found) for found in means]
    datasets, index = grid.dataset_index()
    members = [np.flatnonzero(index == dataset) for dataset in range(len(datasets))]
    sizes = np.array([len(tasks) for tasks in members])
    common = math.lcm(*sizes.tolist())
    chosen = generator.integers(len(datasets), size=(count, len(datasets)))
    shape = (count, len(grid.rows))
    by_dataset, by_task = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for slot in range(len(datasets)):
        for dataset, tasks in enumerate(members):
            samples = np.flatnonzero(chosen[:, slot] == dataset)
            for _ in tasks:
                which = generator.integers(len(tasks), size=len(samples))
                draw = generator.integers(draws, size=len(samples))
                for place, task in enumerate(tasks):
                    here = which == place
                    ranks = ranked[task][draw[here]]
                    if shared:
                        both = means[task][draw[here]], of_seeds[task][samples[here]]
                        ranks = _joined(ranks, *both, [*own, *shared])
                    by_task[samples[here]] += ranks
                    by_dataset[samples[here]] += ranks * (common // len(tasks))
    slots = sizes[chosen].sum(axis=1, keepdims=True)
    return {
        "dataset": _interval(by_dataset / (2 * common * len(datasets)), mean_ranks(grid, "dataset")),
        "task": _interval(by_task / (2 * slots), mean_ranks(grid, "task")),
    }


def _draws(grid: Grid, task: int, draws: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return (draws, R) means of resampled runs of one task.

    Deviations of a resampled mean from the mean are stretched by √(n / (n - 1)), since n resampled runs spread less
    than n new ones. A cell known by mean and deviation only is drawn from a normal distribution. A cell with one run,
    and a diverged one, stays where it is.
    """
    result = np.repeat(grid.scores[:, task][None], draws, axis=0)
    for runs in np.unique(grid.runs[:, task]).tolist():
        if runs < 2:
            continue
        rows = np.flatnonzero((grid.runs[:, task] == runs) & np.isfinite(grid.scores[:, task]))
        measured = [row for row in rows.tolist() if (row, task) in grid.values]
        if measured:
            values = np.array([grid.values[row, task] for row in measured])
            deviations = values - values.mean(axis=1, keepdims=True)
            picks = generator.integers(runs, size=(runs, draws, len(measured)))
            total = np.zeros((draws, len(measured)))
            for pick in picks:
                total += deviations[np.arange(len(measured)), pick]
            result[:, measured] += total / runs * math.sqrt(runs / (runs - 1))
        summarised = [row for row in rows.tolist() if (row, task) not in grid.values]
        known = [row for row in summarised if not math.isnan(grid.std[row, task])]
        if known:
            noise = ndtri(1 - generator.random((draws, len(known))))
            result[:, known] += noise * (grid.std[known, task] / math.sqrt(runs))
    return result


def _draws_of_seeds(
    grid: Grid, rows: list[int], draws: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return (T, draws, S) means of resampled seeds of the rows that have them for all tasks: the same on each task."""
    result = np.repeat(grid.scores[rows].T[:, None], draws, axis=1)
    for place, row in enumerate(rows):
        values = np.unique(grid.shared[row], axis=0)
        seeds = len(values)
        if seeds > 1:
            picks = generator.integers(seeds, size=(draws, seeds))
            moved = (values - values.mean(axis=0))[picks].mean(axis=1)
            result[:, :, place] += moved.T * math.sqrt(seeds / (seeds - 1))
    return result


def _joined(
    ranks: NDArray[np.int64],
    own: NDArray[np.float64],
    shared: NDArray[np.float64],
    order: list[int],
) -> NDArray[np.int64]:
    """Return twice the ranks of all rows, in the order of the grid.

    Args:
        ranks: (lines, N), twice the ranks among themselves.
        own: (lines, N) scores.
        shared: (lines, S) scores of the other rows.
        order: Index in the grid of each of the N and S rows.
    """
    better = (shared[:, None] > own[:, :, None]).astype(np.int64) - (shared[:, None] < own[:, :, None])
    result = np.empty((len(ranks), len(order)), dtype=np.int64)
    beside = doubled_ranks(shared) + (1 - better).sum(axis=1)
    result[:, order] = np.concatenate([ranks + (1 + better).sum(axis=2), beside], axis=1)
    return result


def _weights(grid: Grid, balance: Balance) -> tuple[NDArray[np.int64], int]:
    """Return an integer weight per task and their sum."""
    if balance == "task":
        return np.ones(len(grid.tasks), dtype=np.int64), len(grid.tasks)
    datasets, index = grid.dataset_index()
    sizes = np.bincount(index, minlength=len(datasets))
    common = math.lcm(*sizes.tolist())
    return common // sizes[index], common * len(datasets)


def _interval(samples: NDArray[np.float64], point: NDArray[np.float64]) -> Bootstrap:
    ordered = np.sort(samples, axis=0)
    count = len(ordered)
    low, high = ordered[int(0.025 * count)], ordered[math.ceil(0.975 * count) - 1]
    return Bootstrap(np.ascontiguousarray(samples.T), np.minimum(low, point), np.maximum(high, point))
