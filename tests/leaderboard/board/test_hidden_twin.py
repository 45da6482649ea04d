"""The hidden phantom: a row that was fitted to the open one falls beyond chance, equal rows seldom do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from scipy import stats

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.hidden_twin import compare_twins, falls
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.statistics.hypotheses import holm
from tests.leaderboard.records import TASKS, digest, record_set, runs, write

ROWS = [f"m{number}" for number in range(8)]
SIX = [task for task in TASKS if "linear" in task]


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


def test_equal_rows_are_flagged_on_at_most_one_board_in_twenty():
    """Five hundred boards of eight rows whose places differ by chance alone: ranks on eighteen tasks, drawn anew."""
    rng = np.random.default_rng(0)
    flagged = 0
    for _ in range(500):
        level = rng.normal(size=8)
        places = [
            stats.rankdata(level + rng.normal(size=(18, 8)), axis=1).mean(axis=0) for _ in ("open", "hidden")
        ]
        flagged += bool((holm(falls(places[1] - places[0])) < 0.05).any())
    assert flagged <= 0.05 * 500 + 10, "more than two standard errors above 5 %"
    assert flagged > 0


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
        (lambda: phantom("hidden", rows=ROWS[:3]), "3 rows were measured in full on both phantoms"),
    ],
)
def test_what_cannot_be_compared_is_refused(twin, said: str):
    with pytest.raises(LeaderboardError) as refused:
        compare_twins(phantom("open"), twin())
    assert said in str(refused.value)


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
