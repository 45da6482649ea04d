"""The board's statistics: pure functions, proven against scipy and the reference's own run statistics.

A score is a mean test metric, higher is better. `None` means not measured, `DIVERGED` means measured and
failed: worse than every number. Means and deviations are computed exactly and rounded once, so that equal
runs have the spread 0 and nothing depends on their order.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import pandas as pd
from scipy.special import stdtrit

from benchmark.contract.leaderboard import Summary

NORMAL_QUANTILE = 1.96
"""As the published study has it (evaluation.md section 3); not 1.959964."""

DIVERGED = -math.inf
"""Score of a cell with a diverged run."""


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean, exactly the same in any order. Raises ValueError if there are no values."""
    if not values:
        raise ValueError("the mean of no values is undefined: at least one is expected")
    return float(statistics.mean(values))


def sample_std(values: Sequence[float]) -> float | None:
    """Return the sample standard deviation (divisor n - 1), None for one value; ValueError for none."""
    if not values:
        raise ValueError("the spread of no values is undefined: at least one is expected")
    return None if len(values) == 1 else float(statistics.stdev(values))


def normal_half_width(values: Sequence[float]) -> float | None:
    """Return the paper's half-width of the 95 % interval, 1.96 · std / √n; None for one value."""
    std = sample_std(values)
    return None if std is None else NORMAL_QUANTILE * std / math.sqrt(len(values))


def student_half_width(values: Sequence[float]) -> float | None:
    """Return Student's half-width of the 95 % interval, t(0.975, n - 1) · std / √n; None for one value."""
    std = sample_std(values)
    if std is None:
        return None
    return float(stdtrit(len(values) - 1, 0.975)) * std / math.sqrt(len(values))


def summarise(values: Sequence[float]) -> Summary:
    """Return mean, spread and both intervals of repeated runs. Raises ValueError if there are none."""
    return Summary(
        runs=len(values),
        mean=mean(values),
        std=sample_std(values),
        interval95_normal=normal_half_width(values),
        interval95_student=student_half_width(values),
    )


def ranks(scores: Sequence[float]) -> list[float]:
    """Return the rank of each score, 1 for the highest; tied scores share the average of their places."""
    return [
        float(rank) for rank in pd.Series(scores, dtype="float64").rank(ascending=False, method="average")
    ]


def best(scores: Sequence[float | None]) -> list[bool]:
    """Return which scores are best: none is higher and at least one is lower. Tied ones are all best.

    A score without a rival (alone, or all equal) is not best at anything; a diverged one never is.
    """
    measured = [score for score in scores if score is not None]
    top = max(measured, default=DIVERGED)
    contested = any(score < top for score in measured)
    return [contested and score is not None and score == top for score in scores]


def second(scores: Sequence[float | None]) -> list[bool]:
    """Return which scores are second: the highest below the best where some are lower still; ties count."""
    places = sorted({score for score in scores if score is not None}, reverse=True)
    return [len(places) > 2 and score == places[1] and score != DIVERGED for score in scores]


def count_best(best_by_row: Sequence[Sequence[bool]]) -> int:
    """Return the number of tasks on which any of the rows is best.

    Args:
        best_by_row: For each row of a method one flag per task. A task with two best rows counts once.
    """
    return sum(any(flags) for flags in zip(*best_by_row, strict=True))
