"""The normalised aggregate by hand."""

from __future__ import annotations

import pytest

from lovt_bench.leaderboard.statistics.aggregate import aggregate, is_reference
from lovt_bench.leaderboard.statistics.grid import grid_of
from tests.leaderboard.statistics.tables import Runs, table

ROWS: dict[str, dict[str, Runs]] = {
    "random": {"rsna_frozen_1": [0.1], "rsna_frozen_10": [0.2], "covid_linear": [0.0]},
    "imagenet": {"rsna_frozen_1": [0.3], "rsna_frozen_10": [0.4], "covid_linear": [0.5]},
    "lovt-30": {"rsna_frozen_1": [0.5], "rsna_frozen_10": [0.3], "covid_linear": [0.4]},
    "mine": {"rsna_frozen_1": [0.7], "rsna_frozen_10": [0.2], "covid_linear": [0.25]},
}


def test_random_is_0_the_best_reference_is_1_and_a_newcomer_may_pass_it() -> None:
    """Per task: random 0 0 0; imagenet 1/2 1 1; lovt 1 1/2 4/5; mine 3/2 0 1/2."""
    grid = grid_of(table(ROWS))
    by_task, by_dataset = aggregate(grid, "task"), aggregate(grid, "dataset")
    assert by_task is not None
    assert by_dataset is not None
    assert by_task.values.tolist() == pytest.approx([0, 2.5 / 3, 2.3 / 3, 2 / 3])
    assert by_dataset.values.tolist() == pytest.approx(
        [0, (0.75 + 1) / 2, (0.75 + 0.8) / 2, (0.75 + 0.5) / 2]
    )
    assert by_task.reference == "the best of 2 reference row(s) on each task"


def test_a_diverged_cell_counts_as_the_score_0_which_may_be_below_random() -> None:
    found = aggregate(grid_of(table(ROWS | {"mine": ROWS["mine"] | {"rsna_frozen_1": "diverged"}})), "task")
    assert found is not None
    assert found.values[3] == pytest.approx((-0.1 / 0.4 + 0 + 0.5) / 3)


def test_a_task_without_a_reference_above_random_is_left_out_and_named() -> None:
    rows = ROWS | {"random": ROWS["random"] | {"covid_linear": [0.6]}}
    found = aggregate(grid_of(table(rows)), "dataset")
    assert found is not None
    assert found.values.tolist() == pytest.approx([0, 0.75, 0.75, 0.75])
    assert found.reference.endswith("1 task(s) without a reference above random left out")


@pytest.mark.parametrize("missing", ["random", "references"])
def test_without_floor_or_reference_there_is_no_aggregate(missing: str) -> None:
    kept = {name: row for name, row in ROWS.items() if (name == "random") != (missing == "random")}
    if missing == "references":
        kept |= {"mine": ROWS["mine"]}
    assert aggregate(grid_of(table(kept)), "task") is None


@pytest.mark.parametrize(
    ("row", "expected"),
    [("lovt", True), ("lovt-100", True), ("random", True), ("lovt-no_l", False), ("lovtx", False)],
)
def test_references_are_the_published_methods(row: str, expected: bool) -> None:
    assert is_reference(row) is expected
