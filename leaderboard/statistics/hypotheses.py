"""Tests of differences: Welch's t, Holm's correction, Wilcoxon's signed ranks. All two-sided.

B. L. Welch, Biometrika 34 (1947) 28; S. Holm, Scand. J. Statist. 6 (1979) 65; F. Wilcoxon, Biometrics 1 (1945) 80.
Written for arrays of many pairs; held to scipy and statsmodels by tests. `scipy.special` alone is imported: it loads
in a fraction of the time that `scipy.stats` takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from lovt_bench.leaderboard.statistics.places import doubled_ranks

ALPHA = 0.05

Array = NDArray[np.float64]


class Welch(NamedTuple):
    """Arrays of one shape; NaN where a side has fewer than two runs or no spread at all."""

    difference: Array
    half_width: Array
    """Half the width of the 95 % interval of the difference."""
    p: Array


def welch(mean: tuple[Array, Array], std: tuple[Array, Array], runs: tuple[NDArray, NDArray]) -> Welch:
    """Return Welch's test of first minus second from means, sample deviations and numbers of runs.

    Arrays are broadcast. Diverged and missing means (not finite) give NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [deviation**2 / count for deviation, count in zip(std, runs, strict=True)]
        variance = parts[0] + parts[1]
        spread = sum(part**2 / (count - 1) for part, count in zip(parts, runs, strict=True))
        freedom = variance**2 / spread
        error = np.sqrt(variance)
        difference = mean[0] - mean[1]
        p = 2 * stdtr(freedom, -np.abs(difference / error))
        half_width = stdtrit(freedom, 1 - ALPHA / 2) * error
    possible = np.isfinite(difference) & (error > 0) & np.isfinite(freedom)
    finite = np.isfinite(difference)
    return Welch(
        np.where(finite, difference, np.nan),
        np.where(possible, half_width, np.nan),
        np.where(possible, p, np.nan),
    )


def holm(p: Array) -> Array:
    """Return p-values corrected over the last axis; a NaN stays one and does not count as a test."""
    order = np.argsort(p, axis=-1, kind="stable")
    ordered = np.take_along_axis(p, order, axis=-1)
    tests = np.count_nonzero(~np.isnan(p), axis=-1, keepdims=True)
    stepped = ordered * (tests - np.arange(p.shape[-1]))
    corrected = np.minimum(np.maximum.accumulate(stepped, axis=-1), 1.0)
    result = np.empty_like(corrected)
    np.put_along_axis(result, order, corrected, axis=-1)
    return result


def signed_rank(differences: Sequence[float]) -> float | None:
    """Return the exact p-value of Wilcoxon's signed-rank test; None for no differences.

    Differences of zero are left out; equal magnitudes share their average rank, and the p-value is exact given
    these ranks. Differences are rounded to nine decimals first, so that equal printed numbers tie.
    """
    if not differences:
        return None
    rounded = np.round(np.asarray(differences, dtype=np.float64), 9)
    kept = rounded[rounded != 0]
    if not len(kept):
        return 1.0
    weights = doubled_ranks(-np.abs(kept)[None])[0]
    positive = int(weights[kept > 0].sum())
    chance = np.zeros(int(weights.sum()) + 1)
    chance[0] = 1.0
    for weight in weights.tolist():
        # Each difference is positive or negative with probability one half.
        chance[weight:] += chance[:-weight]
        chance /= 2
    tail = min(chance[: positive + 1].sum(), chance[positive:].sum())
    return float(min(1.0, 2 * tail))
