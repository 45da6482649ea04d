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
