"""Spearman's rank correlation with its 95 % interval.

The interval is that of D. G. Bonett and T. A. Wright, Psychometrika 65 (2000) 23: Fisher's transformation with the
standard error √((1 + ρ²/2) / (n − 3)). It takes rows as independent, which rows of one method are not. At ρ = ±1 the
transformation is infinite, so that there is no interval: one without width would say that nothing is uncertain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import ndtri

from lovt_bench.leaderboard.statistics.task_value import spearman

FEWEST = 8
"""Rows below which nothing is said: of seven the interval spans more than 1.2 at any correlation below 0.8."""


@dataclass(frozen=True)
class Correlation:
    """A rank correlation between −1 and 1."""

    value: float
    low: float | None
    """None, as `high`, where all rows are in the same order or in the opposite one."""
    high: float | None
    rows: int


def correlation(first: Sequence[float], second: Sequence[float]) -> Correlation | None:
    """Return the correlation of two sides of n rows; None for fewer than `FEWEST`, or where a side is constant."""
    rows = len(first)
    value = spearman(first, second) if rows >= FEWEST else None
    if value is None:
        return None
    if abs(value) > 1 - 1e-12:
        return Correlation(value, None, None, rows)
    half = float(ndtri(0.975)) * math.sqrt((1 + value**2 / 2) / (rows - 3))
    low, high = (math.tanh(math.atanh(value) + side * half) for side in (-1, 1))
    return Correlation(value, low, high, rows)
