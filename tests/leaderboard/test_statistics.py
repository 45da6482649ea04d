"""The board's statistics against scipy, numpy and hand numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from leaderboard import statistics
from leaderboard.statistics import DIVERGED, best, count_best, ranks, second, summarise

FRACTIONS = st.floats(0, 1, allow_nan=False)
# Few different values, so that ties are common.
COARSE = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


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


@given(st.lists(COARSE, min_size=1, max_size=12))
def test_ranks_agree_with_scipy(scores: list[float]) -> None:
    assert ranks(scores) == list(scipy.stats.rankdata(-np.array(scores), method="average"))


def test_diverged_scores_share_the_last_places() -> None:
    assert ranks([0.0, DIVERGED, 0.5, DIVERGED]) == [2.0, 3.5, 1.0, 3.5]


@given(st.lists(COARSE, min_size=1, max_size=12))
def test_ranks_add_up_whatever_ties_there_are(scores: list[float]) -> None:
    assert sum(ranks(scores)) == len(scores) * (len(scores) + 1) / 2


def test_every_tied_row_is_best() -> None:
    assert best([0.5, 0.7, 0.7, None]) == [False, True, True, False]


@pytest.mark.parametrize("scores", [[0.5], [0.5, None], [0.0, 0.0, 0.0], [None], []])
def test_nothing_is_best_without_a_rival(scores: list[float | None]) -> None:
    assert not any(best(scores))


def test_a_diverged_rival_is_beaten_and_never_best() -> None:
    assert best([0.0, DIVERGED]) == [True, False]
    assert best([DIVERGED, DIVERGED]) == [False, False]


@given(st.lists(st.one_of(st.none(), COARSE), max_size=12))
def test_best_is_the_maximum_and_beats_someone(scores: list[float | None]) -> None:
    measured = [score for score in scores if score is not None]
    for score, flag in zip(scores, best(scores), strict=True):
        assert flag == (score is not None and score == max(measured) and score > min(measured))


def test_second_is_the_highest_below_the_best() -> None:
    assert second([0.7, 0.7, 0.5, 0.5, 0.1, None]) == [False, False, True, True, False, False]


@pytest.mark.parametrize("scores", [[0.7, 0.5], [0.5, 0.5], [0.7, DIVERGED], []])
def test_the_last_of_two_is_not_called_second(scores: list[float | None]) -> None:
    assert not any(second(scores))


def test_a_method_with_two_best_rows_on_a_task_counts_it_once() -> None:
    assert count_best([[True, False, True], [True, True, False]]) == 3


def test_interval_kinds_have_their_names() -> None:
    summary = summarise([0.2, 0.4])
    assert summary.interval("normal") == summary.interval95_normal
    assert summary.interval("student-t") == summary.interval95_student
    assert statistics.NORMAL_QUANTILE == 1.96
