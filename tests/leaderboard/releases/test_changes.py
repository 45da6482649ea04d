"""What changed between two boards, and the least step it asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lovt_bench.benchmark.contract.leaderboard import Leaderboard, Row, Table
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.releases.as_changes import as_changes, plain_changes
from lovt_bench.leaderboard.releases.changes import compare, summary
from tests.leaderboard.records import TASKS, digest, record_set, runs
from tests.leaderboard.sources import two_rows

TABLE = "phantom-seeded-demo-lovt-2022"


def board(records: list[RunRecord], version: str = "1.0.0") -> Leaderboard:
    return build(record_set(records), [], tuple(TASKS.values()), version=version)


def edited(change: Callable[[Table], Table]) -> Leaderboard:
    made = board(two_rows())
    return made.model_copy(update={"tables": [change(made.tables[0])]})


def with_row(**changes: object) -> Callable[[Table], Table]:
    def change(table: Table) -> Table:
        first, *rest = table.rows
        return table.model_copy(update={"rows": [first.model_copy(update=changes), *rest]})

    return change


def test_equal_boards_of_two_names_do_not_differ() -> None:
    changes = compare(board(two_rows()), board(two_rows(), "1.0.1"))
    assert changes.bump is None
    assert (changes.version, changes.previous) == ("1.0.1", "1.0.0")
    assert summary(changes) == "The same entries."


@pytest.mark.parametrize(
    "changes",
    [
        {"protocol_sha256": digest("edited")},
        {"profile_sha256": digest("edited")},
        {"dataset_sha256": digest("another store")},
        {"task_sha256": digest("another task")},
    ],
)
def test_another_protocol_profile_store_or_task_is_major(changes: dict[str, Any]) -> None:
    found = compare(board(two_rows()), board(two_rows(**changes)))
    assert found.bump == "major"
    (value,) = changes.values()
    assert any(value in item.new for item in found.digests)


def test_a_protocol_of_another_name_that_takes_the_place_is_major() -> None:
    found = compare(board(two_rows()), board(two_rows(protocol="lovt-2027")))
    assert found.bump == "major"
    assert found.reasons == [f"Table {TABLE} gave way to one of another protocol or profile."]


def test_a_protocol_beside_the_old_one_is_minor() -> None:
    found = compare(board(two_rows()), board([*two_rows(), *two_rows(protocol="lovt-2027")]))
    assert (found.bump, len(found.tables_added)) == ("minor", 1)


def test_equal_runs_that_count_otherwise_are_major() -> None:
    """Whoever changes how runs are averaged changes every number on the board."""

    def change(table: Table) -> Table:
        cell, *rest = table.rows[0].cells
        assert cell.summary
        shifted = cell.model_copy(update={"summary": cell.summary.model_copy(update={"mean": 0.51})})
        return with_row(cells=[shifted, *rest])(table)

    found = compare(board(two_rows()), edited(change))
    assert found.bump == "major"
    assert found.reasons == [f"imagenet, rsna_frozen_1 of {TABLE}: the same runs give another number."]


def test_rows_that_come_and_go_are_minor() -> None:
    more = [*two_rows(), *runs("new", "covid_linear", [0.3, 0.4])]
    came = compare(board(two_rows()), board(more))
    went = compare(board(more), board(two_rows()))
    assert [row.row for row in came.rows_added] == [row.row for row in went.rows_removed] == ["new"]
    assert (came.bump, went.bump) == ("minor", "minor")
    assert summary(came) == "1 row(s) added."


def test_a_cell_tells_its_old_and_new_value_and_who_moved() -> None:
    found = compare(board(two_rows()), board(two_rows(better=0.0)))
    assert found.bump == "minor"
    cell = next(item for item in found.cells if item.task == "covid_linear")
    assert (cell.row, cell.old, cell.new) == ("imagenet", "50.0 (too few runs)", "10.0 (too few runs)")
    assert {(rank.row, rank.old, rank.new) for rank in found.ranks} == {
        ("imagenet", 1.0, 2.0),
        ("random", 2.0, 1.0),
    }


def test_cells_that_come_and_go_have_one_value() -> None:
    fewer = [item for item in two_rows() if (item.submission, item.run.task) != ("random", "rsna_frozen_1")]
    (gone,) = compare(board(two_rows()), board(fewer)).cells
    (back,) = compare(board(fewer), board(two_rows())).cells
    assert (gone.new, back.old) == (None, None)
    assert gone.old == back.new == "20.0 (too few runs)"


def test_a_fact_of_a_row_is_minor_and_a_text_is_a_patch() -> None:
    old = board(two_rows())
    assert compare(old, edited(with_row(stale=["The backbone has changed since."]))).bump == "minor"
    assert compare(old, edited(with_row(display_name="ImageNet!"))).bump == "patch"
    retitled = edited(lambda table: table.model_copy(update={"statement": "Other words."}))
    assert compare(old, retitled).bump == "patch"


def test_every_field_of_a_row_counts_for_something() -> None:
    """A field that a later schema adds must not change unseen: it is a fact unless somebody says otherwise."""
    old = board(two_rows())
    other: dict[str, object] = {
        "method": "x",
        "evidence": "retrained",
        "frozen_only": True,
        "audit": {"a": "b"},
    }
    for name, value in other.items():
        found = compare(old, edited(with_row(**{name: value})))
        assert (found.bump, found.facts) == ("minor", [f"imagenet of {TABLE}: {name}"])
    assert set(other) <= set(Row.model_fields)


def test_hostile_texts_are_escaped_in_markdown() -> None:
    old = board(two_rows())
    new = edited(with_row(id="new", display_name="<script>|x|"))
    text = as_changes(compare(old, new).model_copy(update={"note": "[a](javascript:x) <b>"}))
    assert "<script>" not in text
    assert "<b>" not in text
    assert "](" not in text
    assert any("<script>|x| (new)" in line for line in plain_changes(compare(old, new)))


def test_the_published_table_does_not_differ_from_itself() -> None:
    made = build(record_set([]), load_published(), tuple(TASKS.values()))
    assert compare(made, made).bump is None
