"""Which runs stand behind a row: the board's choice, in the one table that has all rows."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.row_runs import row_runs
from lovt_bench.leaderboard.errors import LeaderboardError
from tests.leaderboard.records import TASKS, digest, record_set, runs

METRICS = {name: spec.metric for name, spec in TASKS.items()}


def test_the_edition_is_the_one_that_the_board_shows_though_a_newer_one_is_there() -> None:
    store, later = digest("another store"), "2026-03-02T03:04:05Z"
    records = [
        *runs("mine", "covid_linear", [0.3, 0.4]),
        *runs("other", "covid_linear", [0.2, 0.3]),
        *runs("mine", "covid_linear", [0.8, 0.9], dataset_sha256=store, finished=later),
    ]
    found = row_runs(records, ["mine"], METRICS, {})
    assert keys(found.of("mine")["covid_linear"]) == shown(records, "mine")
    assert [run.test[run.metric] for run in found.of("mine")["covid_linear"]] == [0.3, 0.4]
    (note,) = found.notes
    assert note.startswith(
        "mine, covid_linear: 2 run(s) of 2026-03-02 left out: they used another image store"
    )


def shown(records: list[RunRecord], row: str) -> set[str]:
    (table,) = build(record_set(records), [], list(TASKS.values())).tables
    return {run.key for item in table.rows if item.id == row for cell in item.cells for run in cell.runs}


def keys(records: tuple[RunRecord, ...]) -> set[str]:
    return {record.key for record in records}


def test_rows_are_compared_in_a_table_that_has_both() -> None:
    public = {"track": "public", "splits": "official"}
    records = [
        *runs("mine", "covid_linear", [0.3]),
        *runs("mine", "covid_linear", [0.4], **public),
        *runs("other", "covid_linear", [0.2], **public),
        *runs("third", "covid_linear", [0.1]),
    ]
    assert row_runs(records, ["mine", "other"], METRICS, {}).key.track == "public"
    assert row_runs(records, ["mine"], METRICS, {}, wanted="phantom").key.track == "phantom"
    with pytest.raises(
        LeaderboardError, match=r"no table has other and third .other: public.*; third: phantom"
    ):
        row_runs(records, ["other", "third"], METRICS, {})
    with pytest.raises(LeaderboardError, match=r"mine stands in 2 tables .*name one with --table"):
        row_runs(records, ["mine"], METRICS, {})
