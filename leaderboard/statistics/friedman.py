"""Many rows over many blocks: Friedman's test and Nemenyi's critical difference.

J. Demšar: Statistical Comparisons of Classifiers over Multiple Data Sets. JMLR 7 (2006) 1-30, section 3.2.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc, ndtr

from lovt_bench.leaderboard.statistics.hypotheses import ALPHA


class Friedman(NamedTuple):
    """Both forms of the test."""

    chi_squared: float
    p: float
    f: float
    """Iman and Davenport's."""
    f_p: float


def friedman(doubled: NDArray[np.int64]) -> Friedman:
    """Return Friedman's test of N blocks by k rows, corrected for ties.

    Args:
        doubled: (N, k) twice the average ranks within each block, as `doubled_ranks` gives them.
    """
    blocks, count = doubled.shape
    ties = sum(
        int((sizes**3 - sizes).sum())
        for line in doubled
        for sizes in [np.unique(line, return_counts=True)[1]]
    )
    correction = 1 - ties / (blocks * count * (count**2 - 1))
    if correction <= 0:
        return Friedman(0.0, 1.0, 0.0, 1.0)
    sums = doubled.sum(axis=0) / 2
    plain = 12 / (blocks * count * (count + 1)) * float((sums**2).sum()) - 3 * blocks * (count + 1)
    chi_squared = max(plain / correction, 0.0)
    rest = blocks * (count - 1) - chi_squared
    freedom = (count - 1, (count - 1) * (blocks - 1))
    f = (blocks - 1) * chi_squared / rest if rest > 1e-9 else math.inf
    f_p = 0.0 if math.isinf(f) else float(fdtrc(*freedom, f))
    return Friedman(chi_squared, float(chdtrc(count - 1, chi_squared)), f, f_p)


def critical_difference(rows: int, blocks: int, alpha: float = ALPHA) -> float:
    """Return Nemenyi's critical difference of mean ranks: q · √(k (k + 1) / 6N)."""
    return nemenyi_quantile(rows, alpha) * math.sqrt(rows * (rows + 1) / (6 * blocks))


def nemenyi_quantile(rows: int, alpha: float = ALPHA) -> float:
    """Return the Studentised range quantile for infinite degrees of freedom, divided by √2 (Demšar, table 5)."""
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _range_cdf(middle, rows) < 1 - alpha else (low, middle)
    return low / math.sqrt(2)


def cliques(mean_ranks: Sequence[float], difference: float) -> list[tuple[int, int]]:
    """Return first and last index of each maximal group of two or more whose ranks differ by less than that.

    Args:
        mean_ranks: Ascending.
        difference: The critical difference.
    """
    found: list[tuple[int, int]] = []
    for first, rank in enumerate(mean_ranks):
        last = max(
            index for index, other in enumerate(mean_ranks) if index >= first and other - rank < difference
        )
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


def _range_cdf(value: float, count: int) -> float:
    """Return P(range of `count` standard normal numbers < value) by the trapezoidal rule.

    count · ∫ φ(z) (Φ(z) - Φ(z - value))^(count - 1) dz; the integrand is smooth and vanishes at both ends, so that
    the rule is exact to about 1e-12.
    """
    z = np.linspace(-8.0, 8.0 + value, 2001)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    inside = (ndtr(z) - ndtr(z - value)) ** (count - 1)
    return float(count * np.sum(density * inside) * (z[1] - z[0]))
