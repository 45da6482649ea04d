"""Repeated runs in four numbers: mean, standard deviation and two intervals.

Means and deviations are computed exactly and rounded once, so that equal runs have the spread 0 and nothing depends
on their order.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from scipy.special import stdtrit

from benchmark.contract.leaderboard import Summary

NORMAL_QUANTILE = 1.96
"""As the published study has it (evaluation.md section 3); not 1.959964."""


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
    return _normal(sample_std(values), len(values))


def student_half_width(values: Sequence[float]) -> float | None:
    """Return Student's half-width of the 95 % interval, t(0.975, n - 1) · std / √n; None for one value."""
    return _student(sample_std(values), len(values))


def summarise(values: Sequence[float]) -> Summary:
    """Return mean, spread and both intervals of repeated runs. Raises ValueError if there are none."""
    std = sample_std(values)
    return Summary(
        runs=len(values),
        mean=mean(values),
        std=std,
        interval95_normal=_normal(std, len(values)),
        interval95_student=_student(std, len(values)),
    )


def _normal(std: float | None, runs: int) -> float | None:
    return None if std is None else NORMAL_QUANTILE * std / math.sqrt(runs)


def _student(std: float | None, runs: int) -> float | None:
    return None if std is None else float(stdtrit(runs - 1, 0.975)) * std / math.sqrt(runs)
