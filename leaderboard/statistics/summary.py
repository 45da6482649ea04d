"""Repeated runs in four numbers: mean, standard deviation and two intervals.

Means and deviations are computed exactly and rounded once, so that equal runs have the spread 0 and nothing depends
on their order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import stdtrit

from lovt_bench.benchmark.contract.leaderboard import Summary

NORMAL_QUANTILE = 1.96
"""As the published study has it (evaluation.md section 3); not 1.959964."""


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean, exactly the same in any order. Raises ValueError if there are no values."""
    if not values:
        raise ValueError("the mean of no values is undefined: at least one is expected")
    numbers, unit = _whole(values)
    return sum(numbers) / (unit * len(values))


def sample_std(values: Sequence[float]) -> float | None:
    """Return the sample standard deviation (divisor n - 1), None for one value; ValueError for none."""
    if not values:
        raise ValueError("the spread of no values is undefined: at least one is expected")
    runs = len(values)
    if runs == 1:
        return None
    numbers, unit = _whole(values)
    squares = runs * sum(number * number for number in numbers) - sum(numbers) ** 2
    return _root(squares, unit * unit * runs * (runs - 1))


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


def _whole(values: Sequence[float]) -> tuple[list[int], int]:
    """Return the values as multiples of one unit, and how many units make one: floats are fractions of powers of 2."""
    ratios = [float(value).as_integer_ratio() for value in values]
    unit = max(below for _, below in ratios)
    return [above * (unit // below) for above, below in ratios], unit


def _root(above: int, below: int) -> float:
    """Return the square root of a ratio, rounded once."""
    # With 60 bits and a last one that says whether anything follows, the division below rounds as the exact root would.
    shift = max(0, (120 + below.bit_length() - above.bit_length()) // 2 + 1)
    scaled = above << 2 * shift
    root = math.isqrt(scaled // below)
    return (root | (root * root * below != scaled)) / (1 << shift)


def _normal(std: float | None, runs: int) -> float | None:
    return None if std is None else NORMAL_QUANTILE * std / math.sqrt(runs)


def _student(std: float | None, runs: int) -> float | None:
    return None if std is None else float(stdtrit(runs - 1, 0.975)) * std / math.sqrt(runs)
