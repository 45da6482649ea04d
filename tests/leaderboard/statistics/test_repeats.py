"""The same run made twice is told apart from a number that was changed."""

from __future__ import annotations

import numpy as np
import pytest

from lovt_bench.benchmark.contract.leaderboard import Cell, RunValue, Table
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.show.comparison import summary
from lovt_bench.leaderboard.statistics import summarise
from lovt_bench.leaderboard.statistics.pairs import compare
from lovt_bench.leaderboard.statistics.repeats import LINEAR, repeats
from tests.leaderboard.records import TASKS, digest, record_set, runs

HEAVY, LINEAR_TASK = "rsna_frozen_100", "covid_linear"


def table(task: str, first: list[float], second: list[float], other: str = "first") -> Table:
    """Return a table of two rows on one task; `other`: whose weights the second row has."""
    records = [
        *runs("first", task, first),
        *runs("second", task, second, backbone_sha256=digest(other)),
    ]
    return build(record_set(records), [], tuple(TASKS.values())).tables[0]


def judged(made: Table) -> bool | None:
    a, b = (next(row for row in made.rows if row.id == name) for name in ("first", "second"))
    found = repeats(made.columns[0], a.cells[0], b.cells[0])
    assert found is not None
    return found.explained


def test_a_run_that_moved_as_far_as_another_seed_is_explained_and_one_far_outside_is_not() -> None:
    values = [0.030, 0.045, 0.043, 0.038, 0.050]
    moved = [0.042, 0.033, 0.047, 0.046, 0.037]
    assert judged(table(HEAVY, values, moved)) is True
    assert judged(table(HEAVY, values, [*moved[:4], 0.150])) is False


def test_a_linear_head_hardly_moves() -> None:
    values = [0.21, 0.25, 0.29]
    assert judged(table(LINEAR_TASK, values, [value + 0.9 * LINEAR for value in values])) is True
    assert judged(table(LINEAR_TASK, values, [0.21, 0.25, 0.295])) is False


def test_without_a_deviation_of_seeds_nothing_is_judged() -> None:
    assert judged(table(HEAVY, [0.03], [0.09])) is None


def test_rows_of_other_weights_share_no_run() -> None:
    made = table(HEAVY, [0.03, 0.04], [0.03, 0.05], other="second")
    a, b = made.rows
    assert repeats(made.columns[0], a.cells[0], b.cells[0]) is None


def test_in_one_of_twenty_honest_repetitions_the_limit_is_passed() -> None:
    rng = np.random.default_rng(5)
    column = table(HEAVY, [0.1], [0.2]).columns[0]
    passed = []
    for _ in range(300):
        first, second = (cell(rng.normal(0.5, 0.02, 5).clip(0, 1).tolist()) for _ in range(2))
        found = repeats(column, first, second)
        assert found is not None
        passed.append(not found.explained)
    assert np.mean(passed) == pytest.approx(0.05, abs=0.03)


def cell(values: list[float]) -> Cell:
    """Return a cell of runs whose keys depend on their seeds alone."""
    made = [RunValue(seed=seed, key=digest(str(seed)), value=value) for seed, value in enumerate(values)]
    return Cell(task=HEAVY, status="complete", summary=summarise(values), runs=made)


def test_compare_says_it_in_a_sentence() -> None:
    made = table(HEAVY, [0.030, 0.045, 0.043], [0.042, 0.033, 0.047])
    assert any("differ by no more than that" in text for text in _sentences(made))
    changed = table(HEAVY, [0.030, 0.045, 0.043], [0.042, 0.033, 0.9])
    number = TASKS[HEAVY].number
    assert any(f"differ more than that on task(s) {number}" in text for text in _sentences(changed))
    others = table(HEAVY, [0.030, 0.045, 0.043], [0.042, 0.033, 0.9], other="second")
    assert not any("made twice" in text for text in _sentences(others))


def _sentences(made: Table) -> list[str]:
    return summary(made, compare(made, "first", "second"), "first", "second")
