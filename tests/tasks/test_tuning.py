"""Grids that go on until their optimum is inside."""

from __future__ import annotations

import math

import pytest

from lovt_bench.tasks.tuning import step_beyond, tried_grid

GRID = [0.03, 0.01, 0.003, 0.0001]
"""One of the published grids; its last step is none of 1, 3, 10."""


def tuned_until_the_end(grid: list[float], best: float, steps: int) -> list[float]:
    """Return the rates that are tried where the score falls with the distance from the best rate."""
    scores: dict[float, float | None] = {rate: -abs(math.log(rate / best)) for rate in grid}
    while (following := tried_grid(grid, scores, steps)[1]) is not None:
        scores[following] = -abs(math.log(following / best))
    return tried_grid(grid, scores, steps)[0]


@pytest.mark.parametrize(
    ("best", "beyond"),
    [
        (0.01, []),
        (0.03, [0.1]),
        (0.1, [0.1, 0.3]),
        (3.0, [0.1, 0.3, 1.0]),
        (3e-5, [3e-5, 1e-5]),
        (1e-9, [3e-5, 1e-5, 3e-6]),
    ],
)
def test_a_grid_goes_on_at_the_end_of_its_optimum_by_three_steps_at_most(best: float, beyond: list[float]):
    assert tuned_until_the_end(GRID, best, 3) == GRID + beyond


def test_the_published_protocol_and_a_grid_of_one_rate_never_go_on():
    assert tuned_until_the_end(GRID, 3.0, 0) == GRID
    assert tuned_until_the_end([0.001], 3.0, 3) == [0.001]


def test_nothing_is_decided_before_the_grid_is_tuned_and_where_all_of_it_diverged():
    assert tried_grid(GRID, {0.03: 0.5}, 3) == (GRID, None)
    assert tried_grid(GRID, dict.fromkeys(GRID), 3) == (GRID, None)


def test_a_rate_beyond_that_diverged_or_ties_leaves_the_optimum_inside():
    scores: dict[float, float | None] = {0.03: 0.5, 0.01: 0.4, 0.003: 0.3, 0.0001: None}
    assert tried_grid(GRID, scores, 3) == (GRID, 0.1)
    for score in (None, 0.5):
        assert tried_grid(GRID, scores | {0.1: score}, 3) == ([*GRID, 0.1], None)


def test_steps_are_the_numbers_that_a_file_would_write():
    assert [step_beyond(rate, "highest") for rate in (0.1, 0.03, 0.02, 1.0)] == [0.3, 0.1, 0.03, 3.0]
    assert [step_beyond(rate, "lowest") for rate in (1e-4, 3e-5, 0.02, 1.0)] == [3e-5, 1e-5, 0.01, 0.3]
