"""Spearman's correlation and its interval, against scipy and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from lovt_bench.leaderboard.statistics.correlation import FEWEST, correlation


def test_the_correlation_is_scipy_s_with_ties() -> None:
    drawn = np.random.default_rng(1)
    first, second = drawn.integers(0, 6, 20).tolist(), drawn.normal(size=20).round(1).tolist()
    found = correlation(first, second)
    assert found is not None
    assert found.value == pytest.approx(spearmanr(first, second).statistic)
    assert found.low is not None
    assert found.high is not None
    assert found.rows == 20
    error = math.sqrt((1 + found.value**2 / 2) / 17)
    assert math.atanh(found.high) - math.atanh(found.low) == pytest.approx(2 * 1.959964 * error, rel=1e-6)


def test_the_interval_holds_the_truth_in_about_95_of_100_samples() -> None:
    """Of two normal variables with correlation r, Spearman's is 6/π · asin(r/2)."""
    drawn, held, samples = np.random.default_rng(2), 0, 600
    truth = 6 / math.pi * math.asin(0.6 / 2)
    for _ in range(samples):
        x, noise = drawn.normal(size=(2, 16))
        found = correlation(x.tolist(), (0.6 * x + 0.8 * noise).tolist())
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 0.92 < held / samples < 0.98


def test_nothing_is_said_of_few_rows_or_of_a_constant() -> None:
    few = list(range(FEWEST - 1))
    assert correlation(few, few) is None
    assert correlation([1.0] * FEWEST, list(range(FEWEST))) is None
    whole = correlation(list(range(FEWEST)), list(range(FEWEST)))
    assert whole is not None
    assert whole.value == pytest.approx(1)
    assert (whole.low, whole.high, whole.rows) == (None, None, FEWEST), "an interval without width is none"
    opposite = correlation(list(range(FEWEST)), list(range(FEWEST))[::-1])
    assert opposite is not None
    assert (opposite.value, opposite.low) == (pytest.approx(-1), None)
