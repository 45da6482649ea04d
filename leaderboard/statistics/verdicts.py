"""Who can be told apart from whom, corrected for all that is compared: on single tasks, and over these tasks together.

The estimand: these checkpoints on these tasks and test images, under other training seeds. Nothing here takes tasks or
datasets as drawn from others (docs/statistics.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from lovt_bench.benchmark.contract.analysis import Balance
from lovt_bench.leaderboard.statistics.grid import Grid
from lovt_bench.leaderboard.statistics.hypotheses import ALPHA, holm
from lovt_bench.leaderboard.statistics.pairs import welch_between


@dataclass(frozen=True)
class Places:
    """R rows over all tasks together; pairs are corrected by Holm."""

    scores: NDArray[np.float64]
    """(R,): mean over the tasks of the score divided by the spread between rows."""
    apart: NDArray[np.bool_]
    """(R, R): whether two rows can be told apart."""

    @property
    def first(self) -> NDArray[np.int64]:
        """(R,): 1 and the number of rows that are better."""
        return 1 + (self.apart & (self.scores > self.scores[:, None])).sum(axis=1)

    @property
    def last(self) -> NDArray[np.int64]:
        """(R,): R less the number of rows that are worse."""
        return len(self.scores) - (self.apart & (self.scores < self.scores[:, None])).sum(axis=1)


def apart_on_tasks(grid: Grid, pool: list[int]) -> NDArray[np.bool_]:
    """Return (T, P, P): which rows of the pool can be told apart on which task.

    Welch's test of every pair on every task, Holm over all of them: whoever is looked at afterwards, the best of a task
    among them, some false claim is made in 5 % of tables at most. A diverged row is told apart from one that is not.
    """
    first, second = np.triu_indices(len(pool), k=1)
    rows = np.array(pool, dtype=np.int64)
    test = welch_between(grid, rows[first], rows[second])
    corrected = holm(test.p.reshape(-1)).reshape(test.p.shape)
    diverged = np.isneginf(grid.scores[rows])
    clear = (corrected < ALPHA) | (diverged[first] != diverged[second])
    missing = np.isnan(grid.scores[rows])
    clear &= ~(missing[first] | missing[second])
    result = np.zeros((len(grid.tasks), len(pool), len(pool)), dtype=bool)
    result[:, first, second] = result[:, second, first] = clear.T
    return result


def places(whole: Grid, balance: Balance) -> Places:
    """Return how the rows of a grid whose rows are all complete stand over all of its tasks.

    A row's score is the mean of its scores, each divided by the standard deviation between rows on that task, so that
    every task (or dataset) counts alike. Differences of two rows are tested with the variance of their runs and the
    degrees of freedom of Welch and Satterthwaite. A row without two distinct runs on a task cannot be tested. Where a
    seed is one backbone for all tasks, its score over all tasks is one observation.
    """
    weights = scale(whole, balance)
    error = np.where(np.isneginf(whole.scores), 0.0, whole.std**2 / np.maximum(whole.runs, 1))
    scores = (weights * whole.bounded).sum(axis=1)
    variance = (weights**2 * error).sum(axis=1)
    spread = (np.square(weights**2 * error) / np.maximum(whole.runs - 1, 1)).sum(axis=1)
    for row, values in whole.shared.items():
        of_seed = np.unique(values, axis=0) @ weights
        count = len(of_seed)
        variance[row] = of_seed.var(ddof=1) / count if count > 1 else np.nan
        spread[row] = variance[row] ** 2 / max(count - 1, 1)
    first, second = np.triu_indices(len(scores), k=1)
    both = variance[first] + variance[second]
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = both**2 / (spread[first] + spread[second])
        p = 2 * stdtr(freedom, -np.abs(scores[first] - scores[second]) / np.sqrt(both))
    clear = holm(np.where(both > 0, p, np.nan)) < ALPHA
    apart = np.zeros((len(scores), len(scores)), dtype=bool)
    apart[first, second] = apart[second, first] = clear
    return Places(scores, apart)


def neighbours(apart: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first and last index of each maximal run of two or more neighbours of which no two can be told apart.

    Args:
        apart: (R, R), best row first.
    """
    found: list[tuple[int, int]] = []
    start = 0
    for row in range(1, len(apart)):
        if (clear := np.flatnonzero(apart[start:row, row])).size:
            if row - start > 1:
                found.append((start, row - 1))
            start += int(clear[-1]) + 1
    if len(apart) - start > 1:
        found.append((start, len(apart) - 1))
    return found


def scale(whole: Grid, balance: Balance) -> NDArray[np.float64]:
    """Return (T,) what a score of each task is multiplied by in the sum over tasks; 0 where rows do not differ."""
    count = len(whole.tasks)
    share = np.full(count, 1 / count)
    if balance == "dataset":
        datasets, index = whole.dataset_index()
        share = 1 / (len(datasets) * np.bincount(index, minlength=len(datasets))[index])
    scores = np.where(np.isneginf(whole.scores), np.nan, whole.scores)
    known = np.isfinite(scores).sum(axis=0)
    # Not less than the runs alone would spread the means.
    error = whole.std**2 / np.maximum(whole.runs, 1)
    runs = np.nansum(error, axis=0) / np.maximum(np.isfinite(error).sum(axis=0), 1)
    centre = np.nansum(scores, axis=0) / np.maximum(known, 1)
    between = np.nansum((scores - centre) ** 2, axis=0) / np.maximum(known - 1, 1)
    spread = np.sqrt(np.maximum(between, runs))
    return np.divide(share, spread, out=np.zeros(count), where=spread > 0)
