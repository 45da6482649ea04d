"""Yesterday's files are still read: a schema may grow, but what lies on people's disks does not grow with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.benchmark.contract.release import BuildRecord, Changes, VersionIndex
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.contradictions import contradictions
from lovt_bench.leaderboard.board.descriptions import Description
from lovt_bench.leaderboard.board.records import read_records
from lovt_bench.leaderboard.releases.as_changes import as_changes
from lovt_bench.leaderboard.releases.changes import compare
from lovt_bench.leaderboard.releases.sources import Frozen
from lovt_bench.leaderboard.show.rendering import render
from lovt_bench.leaderboard.show.terminal import render as render_in_terminal
from lovt_bench.leaderboard.statistics import places
from tests.leaderboard.records import TASKS

HISTORIC = Path(__file__).parents[1] / "historic"
BOARD = HISTORIC / "schema-1" / "board"
LOVT = Description(
    display_name="LoVT 30 %",
    method="LoVT",
    fraction=0.3,
    supervision="text",
    paper="https://arxiv.org/abs/2112.02889",
    pretraining_data=["mimic-cxr"],
)


@pytest.fixture(scope="module")
def old() -> Leaderboard:
    return Leaderboard.model_validate_json((HISTORIC / "leaderboard.json").read_bytes())


def test_records_without_memory_and_energy_are_read() -> None:
    records = read_records(HISTORIC / "results")
    assert not records.notes
    assert len(records.records) == 12
    assert {record.peak_memory_bytes for record in records.records} == {None}
    assert {record.status for record in records.records} == {"ok", "diverged"}


def test_an_old_board_is_read_rendered_and_shown(old: Leaderboard) -> None:
    assert old.version == "2026.1"
    assert all(render(old).values())
    assert [part for table in old.tables for part in render_in_terminal(table, 100, plain=True)]


def test_old_records_still_give_the_old_numbers(old: Leaderboard) -> None:
    """Were this to fail, a release of then could not be told from one that somebody changed."""
    board = build(
        read_records(HISTORIC / "results"), [], tuple(TASKS.values()), {"lovt-30": LOVT}, version="2026.1"
    )
    changes = compare(old, board)
    assert (changes.cells, changes.ranks, changes.digests) == ([], [], [])
    assert (changes.rows_added, changes.rows_removed) == ([], [])


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("build.json", BuildRecord),
        ("changes.json", Changes),
        ("inputs.json", Frozen),
        ("versions.json", VersionIndex),
    ],
)
def test_what_lies_beside_an_old_release_is_read(name: str, model: type[Model]) -> None:
    read = model.model_validate_json((HISTORIC / "release" / name).read_bytes())
    assert read.model_fields_set


def test_old_changes_are_shown() -> None:
    read = Changes.model_validate_json((HISTORIC / "release" / "changes.json").read_bytes())
    text = as_changes(read)
    assert "## Protocol and data" in text
    assert "new (new) in phantom-seeded-demo-lovt-2022" in text


def test_records_of_schema_1_are_written_back_as_they_were() -> None:
    for path in (HISTORIC / "schema-1" / "results").rglob("*.jsonl"):
        for line in path.read_text().splitlines(keepends=True):
            assert RunRecord.model_validate_json(line, strict=True).to_json(indent=None) == line


def board_of_schema_1() -> Leaderboard:
    """Two rows, one of them begun on a CPU and ended on a GPU."""
    records = read_records(HISTORIC / "schema-1" / "results")
    found = contradictions(records, [], {}, datetime(2027, 1, 1, tzinfo=UTC))
    return build(
        records, [], tuple(TASKS.values()), version="2026.2", keeper="a-keeper", contradictions=found
    )


def test_a_board_of_schema_1_is_what_it_was_to_the_byte_but_for_two_rules_and_for_what_it_claims(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The rules of then: whatever did not diverge may be best, also what tables show as 0.0 or as equal to others.

    Sentences of then spoke of other datasets, and tested them: they are others now, and two tests went or came.
    """
    monkeypatch.setattr(places, "_is_something", lambda score: score != places.DIVERGED)
    monkeypatch.setattr(places, "_shown", lambda score: score)
    files = {
        path.relative_to(BOARD).as_posix(): path.read_bytes() for path in BOARD.rglob("*") if path.is_file()
    }
    assert len(files) == 4
    board = board_of_schema_1()
    rendered = render(board)
    old = json.loads(files.pop("leaderboard.json"))
    won = old["tables"][0]["analysis"]["statements"][0]
    # Later versions say at their top whether the protocol was replicated.
    top = b"**Protocol lovt-2022 not yet replicated on real data: no published values to compare with.**\n\n"
    assert rendered["leaderboard.md"].count(top) == 1
    rendered["leaderboard.md"] = rendered["leaderboard.md"].replace(top, b"")
    for name, content in files.items():
        assert rendered[name] == content, name
    assert _but_for_claims(board.model_dump(mode="json")) == _but_for_claims(old)
    said = board.tables[0].analysis
    assert said is not None
    assert said.statements[0] == won
    assert [(item.first_place, item.last_place) for item in said.rankings[0].rows] == [(1, 2), (1, 2)]
    assert said.rankings[0].alike == [said.rankings[0].rows[1].row]


def test_that_nothing_is_best_at_0_changes_marks_alone() -> None:
    old, new = (BOARD / "leaderboard.json").read_text(encoding="utf-8"), board_of_schema_1().to_json()
    assert _but_for_marks(json.loads(old)) == _but_for_marks(json.loads(new))
    first, second = (json.loads(text)["tables"][0] for text in (old, new))
    assert [row["best_on"] for row in first["rows"]] == [1, 0]
    assert [row["best_on"] for row in second["rows"]] == [0, 0]


def _but_for_claims(board: dict[str, Any]) -> dict[str, Any]:
    """Leave out sentences, and what is tested of all tasks or datasets together."""
    for table in board["tables"]:
        said = table["analysis"]
        del said["statements"]
        for pair in said["pairs"]:
            del pair["overall_p_datasets"]
            pair.pop("overall_p_holm", None)
        for ranking in said["rankings"]:
            ranking.pop("alike", None)
        for row in (row for ranking in said["rankings"] for row in ranking["rows"]):
            row.pop("first_place", None)
            row.pop("last_place", None)
    return board


def _but_for_marks(board: dict[str, Any]) -> dict[str, Any]:
    """Leave out who is best and second, what is counted and ordered by it, and what is said of it."""
    for table in _but_for_claims(board)["tables"]:
        for counted in (*table["rows"], *table["methods"]):
            del counted["best_on"]
        for cell in (cell for row in table["rows"] for cell in row["cells"]):
            del cell["best"], cell["second"]
        table["methods"].sort(key=itemgetter("method"))
        table["analysis"]["differences"] = []
    return board
