"""Ranks, best and second against scipy and hand numbers."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.leaderboard.show.layout import percent
from lovt_bench.leaderboard.statistics import DIVERGED, best, count_best, doubled_ranks, ranks, second

# Few different values, so that ties are common.
COARSE = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


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


def test_rows_that_look_equal_are_best_together() -> None:
    looking_equal = [0.46312, 0.46348, 0.4629, 0.41, 0.4103]
    assert [percent(score) for score in looking_equal] == ["46.3", "46.3", "46.3", "41.0", "41.0"]
    assert best(looking_equal) == [True, True, True, False, False]
    assert second([*looking_equal, 0.2]) == [False, False, False, True, True, False]
    assert not any(best(looking_equal[:3]))


@pytest.mark.parametrize("scores", [[0.5], [0.5, None], [0.0, 0.0, 0.0], [None], []])
def test_nothing_is_best_without_a_rival(scores: list[float | None]) -> None:
    assert not any(best(scores))


def test_a_diverged_rival_is_beaten_and_never_best() -> None:
    assert best([0.1, DIVERGED]) == [True, False]
    assert best([DIVERGED, DIVERGED]) == [False, False]


@given(st.lists(st.one_of(st.none(), COARSE), max_size=12))
def test_best_is_the_maximum_and_beats_someone(scores: list[float | None]) -> None:
    measured = [score for score in scores if score is not None]
    for score, flag in zip(scores, best(scores), strict=True):
        assert flag == (score is not None and score > 0 and score == max(measured) and score > min(measured))


@pytest.mark.parametrize("scores", [[0.0, DIVERGED], [0.0004, 0.0], [0.0004, 0.0003, 0.0, None]])
def test_nothing_is_best_or_second_where_all_show_as_nothing(scores: list[float | None]) -> None:
    assert not any(best(scores))
    assert not any(second(scores))


def test_a_score_that_shows_as_nothing_is_not_second() -> None:
    assert best([0.3, 0.0, DIVERGED]) == [True, False, False]
    assert second([0.3, 0.0, DIVERGED]) == [False, False, False]


@given(st.floats(min_value=0, max_value=0.002))
def test_marks_begin_where_tables_show_more_than_nothing(score: float) -> None:
    assert best([score, DIVERGED])[0] == (percent(score) != "0.0")


def test_second_is_the_highest_below_the_best() -> None:
    assert second([0.7, 0.7, 0.5, 0.5, 0.1, None]) == [False, False, True, True, False, False]


@pytest.mark.parametrize("scores", [[0.7, 0.5], [0.5, 0.5], [0.7, DIVERGED], []])
def test_the_last_of_two_is_not_called_second(scores: list[float | None]) -> None:
    assert not any(second(scores))


def test_a_method_with_two_best_rows_on_a_task_counts_it_once() -> None:
    assert count_best([[True, False, True], [True, True, False]]) == 3


@given(st.lists(st.lists(COARSE, min_size=4, max_size=4), min_size=1, max_size=5))
def test_each_line_is_ranked_by_itself(lines: list[list[float]]) -> None:
    scores = np.array(lines)
    assert (doubled_ranks(scores) / 2 == scipy.stats.rankdata(-scores, axis=1)).all()
