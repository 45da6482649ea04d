"""Tests of differences against scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from lovt_bench.leaderboard.statistics.hypotheses import holm, signed_rank, welch

RUNS = st.lists(st.integers(0, 1000), min_size=2, max_size=6, unique=True).map(
    lambda runs: [run / 1000 for run in runs]
)


def welch_of(first: list[float], second: list[float]):
    sides = [np.array(first), np.array(second)]
    return welch(
        (sides[0].mean(), sides[1].mean()),
        (sides[0].std(ddof=1), sides[1].std(ddof=1)),
        (np.array(len(first)), np.array(len(second))),
    )


@given(RUNS, RUNS)
def test_welch_agrees_with_scipy_from_runs(first: list[float], second: list[float]) -> None:
    ours, theirs = welch_of(first, second), scipy.stats.ttest_ind(first, second, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-14)
    assert ours.difference - ours.half_width == pytest.approx(interval.low, abs=1e-9)
    assert ours.difference + ours.half_width == pytest.approx(interval.high, abs=1e-9)


def test_welch_by_the_book() -> None:
    """Welch's own kind of case, by hand: variances 1 and 9 over 4 and 16 runs, means 3 apart."""
    ours = welch((np.array(3.0), np.array(0.0)), (np.array(1.0), np.array(3.0)), (np.array(4), np.array(16)))
    error = np.sqrt(1 / 4 + 9 / 16)
    freedom = error**4 / ((1 / 4) ** 2 / 3 + (9 / 16) ** 2 / 15)
    assert ours.p == pytest.approx(2 * scipy.stats.t.sf(3 / error, freedom), rel=1e-12)


@pytest.mark.parametrize(
    ("mean", "std", "runs"),
    [(0.5, np.nan, 5), (0.5, 0.1, 1), (-np.inf, np.nan, 0), (np.nan, np.nan, 0)],
    ids=["no spread known", "one run", "diverged", "missing"],
)
def test_what_cannot_be_tested_has_no_p_value(mean: float, std: float, runs: int) -> None:
    ours = welch(
        (np.array(mean), np.array(0.4)), (np.array(std), np.array(0.1)), (np.array(runs), np.array(5))
    )
    assert np.isnan(ours.p)
    assert np.isnan(ours.half_width)


def test_holm_agrees_with_statsmodels() -> None:
    for p in ([0.01], [0.04, 0.01, 0.03, 0.005], [0.2, 0.02, 0.02, 0.9, 0.02], np.linspace(0, 0.2, 12)):
        assert holm(np.array(p)) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)


def test_a_test_that_was_not_made_costs_nothing() -> None:
    corrected = holm(np.array([[0.01, np.nan, 0.02], [0.5, 0.02, 0.01]]))
    assert corrected[0] == pytest.approx([0.02, np.nan, 0.02], nan_ok=True)
    assert corrected[1] == pytest.approx(multipletests([0.5, 0.02, 0.01], method="holm")[1])


@given(st.lists(st.integers(1, 400), min_size=1, max_size=18, unique=True), st.randoms())
def test_signed_ranks_agree_with_scipys_exact_test(sizes: list[int], random) -> None:
    differences = [size / 1000 * random.choice([-1, 1]) for size in sizes]
    assert signed_rank(differences) == pytest.approx(scipy.stats.wilcoxon(differences, method="exact").pvalue)


@pytest.mark.parametrize("differences", [[0.1, 0.1, -0.1, 0.2], [0.3, 0.3, 0.3, -0.1, 0.2, 0.0], [0.1] * 5])
def test_ties_are_exact_as_all_sign_flips_have_it(differences: list[float]) -> None:
    every = scipy.stats.PermutationMethod(n_resamples=np.inf)
    oracle = scipy.stats.wilcoxon(differences, method=every, zero_method="wilcox").pvalue
    assert signed_rank(differences) == pytest.approx(oracle)


def test_five_datasets_cannot_reach_five_percent() -> None:
    """Why a test over one difference per dataset is never below 0.0625 with five datasets."""
    assert signed_rank([0.9, 0.8, 0.7, 0.6, 0.5]) == pytest.approx(2 / 2**5)


def test_equal_rows_differ_in_nothing_and_no_tasks_say_nothing() -> None:
    assert signed_rank([0.0, 0.0]) == 1.0
    assert signed_rank([]) is None
