"""What the board says is false on 5 % of boards at most, and it finds what is planted (fixed seeds)."""

from __future__ import annotations

import pytest

from lovt_bench.leaderboard.statistics.simulation.boards import Kind, rates

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
