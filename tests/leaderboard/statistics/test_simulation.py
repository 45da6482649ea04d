"""What the board says is false on 5 % of boards at most, and it finds what is planted (fixed seeds)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lovt_bench.leaderboard.statistics.simulation import methods
from lovt_bench.leaderboard.statistics.simulation.__main__ import BOUNDARY, rewritten
from lovt_bench.leaderboard.statistics.simulation.boards import Board, Kind, draw, judge, rates

PAGE = Path(__file__).resolve().parents[3] / "docs" / "statistics-figures.md"

MOST = 0.05
BOARDS = 100
CHANCE = 0.044
"""Two standard errors of a share of 5 % over so many boards."""


@pytest.mark.parametrize(
    ("kind", "planted"), [("equal", 0.0), ("datasets", 0.0), ("one better", 1.0), ("half better", 3.0)]
)
def test_few_boards_hold_a_false_sentence_of_a_kind(kind: Kind, planted: float) -> None:
    said = rates(kind, planted, BOARDS)
    assert len(said.false) >= 6
    over = {name: share for name, share in said.false.items() if share > MOST + CHANCE}
    assert not over


def test_planted_differences_are_found() -> None:
    small, large = rates("one better", 1.0, BOARDS).found, rates("one better", 5.0, BOARDS).found
    assert small["pairs over all tasks, by task"] > 0.9
    assert small["pairs over all tasks, by dataset"] > 0.6
    assert large["the best row of a task"] > 0.3
    assert large["ranks as a whole"] == 1.0


def test_tables_replace_those_of_the_page_and_nothing_else() -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, _ = page.split(BOUNDARY)
    assert rewritten(page, "\ntables\n") == f"{before}{BOUNDARY}\ntables\n"
    with pytest.raises(ValueError, match=r"0 lines .*one is expected: nothing is written"):
        rewritten(before, "tables")


def test_equal_rows_have_place_1_and_nothing_else_is_true_of_them() -> None:
    board = draw("equal", 0.0, np.random.default_rng(2))
    assert judge(board).false["places, by task"] == 0
    # Scores that say clearly what is not so: of equal rows, one is the last.
    scores = board.grid.scores.copy()
    scores[3] -= 0.1
    wrong = Board(replace(board.grid, scores=scores), board.truth)
    assert judge(wrong).false["places, by task"] == 1


def test_of_more_methods_by_three_checkpoints_less_is_found_and_more_checkpoints_help() -> None:
    three, nine, more = (methods.rates(count, each, 5.0, 150) for count, each in ((3, 3), (9, 3), (9, 5)))
    assert max(said.false[methods.PAIRS] for said in (three, nine, more)) <= MOST + 0.036
    assert three.found[methods.PAIRS] > 0.7
    assert nine.found[methods.PAIRS] < 0.3
    assert more.found[methods.PAIRS] > 0.85
