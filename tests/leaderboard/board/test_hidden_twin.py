"""The hidden phantom: a row that was fitted to the open one falls beyond chance, equal rows seldom do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from scipy import stats

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.hidden_twin import chances_of, compare_twins, falls, own_falls
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.statistics.hypotheses import holm
from tests.leaderboard.records import TASKS, digest, record_set, runs, write

ROWS = [f"m{number}" for number in range(8)]
SIX = [task for task in TASKS if "linear" in task]
DATASETS = [spec.dataset for spec in TASKS.values()]


def drawn(
    name: str, gifts: dict[str, float] | None = None, rows: list[str] = ROWS, **changes: object
) -> list[RunRecord]:
    """Return the table of a drawing: rows a point apart, two runs; some are given more on this one."""
    rng = np.random.default_rng(len(name))
    return [
        item
        for place, row in enumerate(rows)
        for task in SIX
        for item in runs(
            row, task, (0.5 - 0.01 * place + (gifts or {}).get(row, 0) + 0.004 * rng.normal(size=2)).tolist(),
            **{"dataset_sha256": digest(f"{name} {TASKS[task].dataset}"), **changes},
        )
    ]  # fmt: skip


def phantom(
    name: str, gifts: dict[str, float] | None = None, rows: list[str] = ROWS, **changes: object
) -> Table:
    """Return the table of a drawing."""
    return build(record_set(drawn(name, gifts, rows, **changes)), (), list(TASKS.values())).tables[0]


def test_a_row_that_was_fitted_to_the_open_phantom_is_flagged():
    moved = compare_twins(phantom("open", {"m6": 0.2}), phantom("hidden"))
    assert [item.row for item in moved if item.flagged] == ["m6"]
    assert (moved[0].row, moved[0].open) == ("m6", 1)
    assert moved[0].hidden == pytest.approx(7, abs=0.6)
    assert len(moved) == 8


def test_a_row_that_is_better_on_the_hidden_phantom_is_not():
    assert not any(item.flagged for item in compare_twins(phantom("open"), phantom("hidden", {"m6": 0.2})))


def test_the_chance_of_a_fall_is_that_of_a_new_observation():
    moved = np.array([0.1, -0.2, 0.3, 2.0, 0.0])
    for place, chance in enumerate(falls(moved)):
        others = np.delete(moved, place)
        scale = others.std(ddof=1) * np.sqrt(1 + 1 / len(others))
        assert chance == pytest.approx(stats.t.sf(moved[place], len(others) - 1, others.mean(), scale))
    assert falls(np.zeros(5)).tolist() == [1.0] * 5


def test_the_chance_of_a_rows_own_falls_is_that_of_students_t():
    moved = np.random.default_rng(0).normal(size=(5, 6))
    expected = stats.ttest_1samp(moved, 0, alternative="greater").pvalue
    assert own_falls(moved) == pytest.approx(expected)
    assert own_falls(np.array([[1.0, 0.0, -1.0]] * 3)).tolist() == [0, 1, 1]


def test_two_rows_that_trade_places_on_one_task_are_not_flagged():
    moved = np.zeros((18, 20))
    moved[0, :2] = 1, -1
    assert holm(falls(moved.mean(axis=0)))[0] < 0.05, "the others stand still"
    assert chances_of(moved, DATASETS)[0] > 0.1


@pytest.mark.parametrize("shared", [0.0, 0.5], ids=["tasks apart", "tasks of a dataset alike"])
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(lambda rng: rng.normal(size=8), id="eight near each other"),
        pytest.param(lambda rng: np.array([0, 0, *range(10, 110, 10)]), id="two equal, ten apart"),
        pytest.param(lambda rng: 5 * rng.normal(size=16), id="sixteen rows"),
        pytest.param(lambda rng: np.array([0] * 4 + [*range(10, 130, 10)]), id="four of sixteen equal"),
    ],
)
def test_sound_rows_are_flagged_on_at_most_one_board_in_twenty(
    shape: Callable[[np.random.Generator], np.ndarray], shared: float
):
    """Two hundred boards whose places differ by chance alone; a planted gift is found on nearly all of them."""
    rng = np.random.default_rng(0)
    _, of_task = np.unique(DATASETS, return_inverse=True)
    flagged = found = 0
    for _ in range(200):
        level = shape(rng)
        gift = np.zeros(len(level))
        gift[np.argsort(level)[-2]] = 1000
        sides = [
            level
            + np.sqrt(shared) * rng.normal(size=(5, len(level)))[of_task]
            + np.sqrt(1 - shared) * rng.normal(size=(18, len(level)))
            for _ in ("open", "hidden")
        ]
        hidden = stats.rankdata(sides[1], axis=1)
        sound = holm(chances_of(hidden - stats.rankdata(sides[0], axis=1), DATASETS))
        fitted = holm(chances_of(hidden - stats.rankdata(sides[0] - gift, axis=1), DATASETS))
        flagged += bool((sound < 0.05).any())
        found += bool(fitted[gift > 0] < 0.05)
    assert flagged <= 0.05 * 200, "a sound board was flagged more than once in twenty"
    assert found >= 0.75 * 200


@pytest.mark.parametrize(
    ("twin", "said"),
    [
        (lambda: phantom("open"), "the hidden phantom has the images of the open one (rsna"),
        (
            lambda: phantom("hidden", protocol_sha256=digest("other")),
            "open and hidden differ in their protocol",
        ),
        (
            lambda: phantom("hidden", profile_sha256=digest("other")),
            "open and hidden differ in their profile",
        ),
        (
            lambda: phantom("hidden", backbone_sha256=digest("trained again")),
            "open and hidden have other weights under one name: m0, m1",
        ),
        (lambda: phantom("hidden", rows=ROWS[:3]), "3 rows were measured in full on both phantoms"),
    ],
)
def test_what_cannot_be_compared_is_refused(twin, said: str):
    with pytest.raises(LeaderboardError) as refused:
        compare_twins(phantom("open"), twin())
    assert said in str(refused.value)


def test_one_dataset_alone_cannot_tell():
    """Its tasks share images, so that they are no observations of their own."""
    one, other = (
        build(
            record_set([item for item in drawn(name) if item.run.task.startswith("rsna")]),
            (), list(TASKS.values()),
        ).tables[0]
        for name in ("open", "hidden")
    )  # fmt: skip
    with pytest.raises(LeaderboardError, match="all tasks that both phantoms have are of rsna; at least 2"):
        compare_twins(one, other)


def test_the_command_names_the_row_and_ends_with_one(tmp_path: Path):
    for name, gifts in (("open", {"m6": 0.2}), ("hidden", {}), ("hidden-again", {})):
        write(tmp_path / name / "results", drawn(name, gifts))

    def twin(shown: str, hidden: str) -> Result:
        places = [str(tmp_path / hidden), "--workspace", str(tmp_path / shown)]
        return CliRunner().invoke(main, ["leaderboard", "twin", *places])

    found = twin("open", "hidden")
    assert found.exit_code == 1
    assert "better on the open phantom than on its hidden twin: m6" in found.output
    sound = twin("hidden", "hidden-again")
    assert (sound.exit_code, "No row falls further" in sound.output) == (0, True)
    (tmp_path / "empty").mkdir()
    assert "no phantom table is in both workspaces" in twin("open", "empty").output
