"""Friedman and Nemenyi against Demšar's example and tables, scipy and scikit-posthocs."""

from __future__ import annotations

import numpy as np
import pytest
import scikit_posthocs
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.leaderboard.statistics import doubled_ranks
from lovt_bench.leaderboard.statistics.friedman import (
    cliques,
    critical_difference,
    friedman,
    nemenyi_quantile,
)

DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.97501, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)
"""AUC of four classifiers on fourteen datasets (Demšar 2006, table 6). By the ranks printed there, the two values of
0.975 are no tie."""


def test_demsars_example() -> None:
    """JMLR 7 (2006) 1-30, section 3.2.2: average ranks, chi-squared 9.28, F 3.69, critical difference 1.25."""
    doubled = doubled_ranks(DEMSAR)
    assert doubled.mean(axis=0) / 2 == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    # The paper's chi-squared has no correction for ties.
    sums = doubled.mean(axis=0) / 2
    assert 12 * 14 / (4 * 5) * (sum(sums**2) - 4 * 5**2 / 4) == pytest.approx(9.28, abs=5e-3)
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=5e-3)


def test_friedman_agrees_with_scipy_on_demsars_example_with_its_ties() -> None:
    ours, theirs = friedman(doubled_ranks(DEMSAR)), scipy.stats.friedmanchisquare(*DEMSAR.T)
    assert ours.chi_squared == pytest.approx(theirs.statistic)
    assert ours.p == pytest.approx(theirs.pvalue)
    assert ours.f == pytest.approx(13 * theirs.statistic / (14 * 3 - theirs.statistic))
    assert ours.f_p == pytest.approx(scipy.stats.f.sf(ours.f, 3, 39))


@given(st.lists(st.permutations(range(5)), min_size=2, max_size=8))
def test_friedman_agrees_with_scipy_without_ties(lines: list[list[int]]) -> None:
    scores = np.array(lines, dtype=float)
    ours, theirs = friedman(doubled_ranks(scores)), scipy.stats.friedmanchisquare(*scores.T)
    assert ours.chi_squared == pytest.approx(theirs.statistic, abs=1e-9)
    assert ours.p == pytest.approx(theirs.pvalue, abs=1e-12)


def test_equal_rows_do_not_differ() -> None:
    assert friedman(doubled_ranks(np.ones((4, 3)))).p == 1.0


def test_nemenyi_quantiles_are_those_of_demsars_table_5() -> None:
    printed = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
    assert [nemenyi_quantile(rows) for rows in range(2, 11)] == pytest.approx(printed, abs=1e-3)


@pytest.mark.parametrize("rows", [3, 20])
def test_nemenyi_quantiles_agree_with_scipys_studentised_range(rows: int) -> None:
    oracle = scipy.stats.studentized_range.sf(nemenyi_quantile(rows) * np.sqrt(2), rows, np.inf)
    assert oracle == pytest.approx(0.05, abs=1e-6)


def test_pairs_beyond_the_critical_difference_are_those_of_scikit_posthocs() -> None:
    scores = np.arange(6) * 0.3 + np.random.default_rng(0).normal(size=(12, 6))
    doubled = doubled_ranks(scores)
    mean = doubled.mean(axis=0) / 2
    beyond = np.abs(mean[:, None] - mean) >= critical_difference(6, 12)
    oracle = scikit_posthocs.posthoc_nemenyi_friedman(scores).to_numpy() < 0.05
    assert (beyond == oracle).all()
    assert 0 < beyond.sum() < 30


def test_cliques_are_maximal_and_may_overlap() -> None:
    assert cliques([1.0, 1.5, 2.4, 2.6, 5.0], 1.2) == [(0, 1), (1, 3)]
    assert cliques([1.0, 2.0], 1.0) == [], "exactly the critical difference apart is apart"
