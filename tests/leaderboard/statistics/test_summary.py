"""Mean, deviation and intervals against scipy, numpy and hand numbers."""

from __future__ import annotations

import math
import statistics as standard

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.leaderboard import statistics
from lovt_bench.leaderboard.statistics import summarise

FRACTIONS = st.floats(0, 1, allow_nan=False)


def test_worked_example_of_the_protocol() -> None:
    """evaluation.md section 13, example 7."""
    summary = summarise([0.1, 0.2, 0.3, 0.4, 0.5])
    assert summary.runs == 5
    assert summary.mean == pytest.approx(0.3, abs=1e-12)
    assert summary.std == pytest.approx(0.158114, abs=5e-7)
    assert summary.interval95_normal == pytest.approx(0.138593, abs=5e-7)


def test_students_interval_is_wider_for_five_runs_by_the_tables_quantile() -> None:
    """t(0.975, 4) = 2.776445 in every printed table."""
    summary = summarise([0.1, 0.2, 0.3, 0.4, 0.5])
    assert summary.interval95_student == pytest.approx(2.776445 * 0.15811388 / math.sqrt(5), abs=1e-7)


@given(st.lists(FRACTIONS, min_size=2, max_size=9))
def test_mean_and_deviation_are_the_exact_ones_rounded_once(values: list[float]) -> None:
    """The standard library computes both from fractions, too, and much slower."""
    assert statistics.mean(values) == standard.mean(values)
    assert statistics.sample_std(values) == standard.stdev(values)


def test_one_run_has_no_spread() -> None:
    summary = summarise([0.25])
    assert summary.mean == 0.25
    assert (summary.std, summary.interval95_normal, summary.interval95_student) == (None, None, None)


def test_equal_runs_have_the_spread_zero() -> None:
    summary = summarise([0.1] * 3)
    assert (summary.mean, summary.std, summary.interval95_student) == (0.1, 0.0, 0.0)


def test_no_runs_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no values"):
        summarise([])


@given(st.lists(FRACTIONS, min_size=2, max_size=8))
def test_summary_agrees_with_numpy_and_scipy(values: list[float]) -> None:
    summary = summarise(values)
    error = scipy.stats.sem(values)
    assert summary.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert summary.std == pytest.approx(np.std(values, ddof=1), abs=1e-12)
    assert summary.interval95_normal == pytest.approx(1.96 * error, abs=1e-12)
    student = scipy.stats.t.ppf(0.975, len(values) - 1) * error
    assert summary.interval95_student == pytest.approx(student, rel=1e-9, abs=1e-12)


@given(st.lists(FRACTIONS, min_size=1, max_size=8), st.randoms())
def test_summary_is_the_same_to_the_last_bit_in_any_order(values: list[float], random) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    assert summarise(shuffled) == summarise(values)


def test_interval_kinds_have_their_names() -> None:
    summary = summarise([0.2, 0.4])
    assert summary.interval("normal") == summary.interval95_normal
    assert summary.interval("student-t") == summary.interval95_student
    assert statistics.NORMAL_QUANTILE == 1.96
