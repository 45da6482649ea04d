"""Ranks and counts of a table: what missing, partial and diverged cells do to them."""

from __future__ import annotations

from collections.abc import Mapping

from lovt_bench.benchmark.contract.leaderboard import Cell, CellStatus, Row, Summary
from lovt_bench.leaderboard.board.standing import best_without, count_methods, in_order, stand

TASKS = ["a", "b"]


def row(name: str, values: Mapping[str, float | CellStatus], method: str | None = None) -> Row:
    """Return a row; a word in place of a value is the state of a cell that does not count with 0.99."""
    cells = [
        Cell(task=task, status="complete", summary=Summary(runs=2, mean=value))
        if isinstance(value, float)
        else Cell(task=task, status=value, summary=Summary(runs=1, mean=0.99))
        for task, value in values.items()
    ]
    return Row(
        id=name,
        display_name=name,
        method=method or name,
        cells=cells,
        complete=False,
        mean_rank=None,
        best_on=0,
    )


def test_mean_rank_over_two_tasks_with_a_tie() -> None:
    rows = stand(
        [row("x", {"a": 0.5, "b": 0.1}), row("y", {"a": 0.5, "b": 0.3}), row("z", {"a": 0.2, "b": 0.2})],
        TASKS,
    )
    assert [item.mean_rank for item in rows] == [(1.5 + 3) / 2, (1.5 + 1) / 2, (3 + 2) / 2]
    assert [item.best_on for item in rows] == [1, 2, 0]


def test_a_missing_cell_takes_the_row_out_of_the_ranks_and_changes_no_other() -> None:
    whole = [row("x", {"a": 0.5, "b": 0.1}), row("y", {"a": 0.4, "b": 0.3})]
    rows = stand([*whole, row("z", {"a": 0.9})], TASKS)
    assert [item.mean_rank for item in rows] == [1.5, 1.5, None]
    assert [item.complete for item in rows] == [True, True, False]
    assert rows[2].cells[0].rank is None


def test_an_incomplete_row_can_still_be_best_on_what_it_finished() -> None:
    rows = stand([row("x", {"a": 0.5, "b": 0.1}), row("z", {"a": 0.9})], TASKS)
    assert [item.best_on for item in rows] == [0, 1]


def test_a_partial_cell_is_neither_ranked_nor_best() -> None:
    """Else a method could stop after its first lucky seed."""
    rows = stand([row("x", {"a": 0.5, "b": 0.1}), row("z", {"a": "partial", "b": 0.0})], TASKS)
    assert rows[1].cells[0].best is False
    assert rows[1].mean_rank is None
    assert rows[0].mean_rank == 1


def test_a_diverged_cell_ranks_last_and_keeps_the_row_complete() -> None:
    """Its surviving runs do not count: 0.99 here."""
    rows = stand([row("x", {"a": 0.3, "b": 0.1}), row("z", {"a": "diverged", "b": 0.2})], TASKS)
    assert rows[1].cells[0].rank == 2
    assert [item.mean_rank for item in rows] == [1.5, 1.5]
    assert [item.best_on for item in rows] == [1, 1]


def test_a_table_without_tasks_has_no_complete_rows() -> None:
    assert [item.complete for item in stand([row("x", {})], [])] == [False]


def test_order_is_by_mean_rank_then_incomplete_rows() -> None:
    rows = stand(
        [row("w", {"a": 0.9}), row("x", {"a": 0.1, "b": 0.1}), row("y", {"a": 0.2, "b": 0.2})], TASKS
    )
    assert [item.id for item in in_order(rows)] == ["y", "x", "w"]


def test_a_method_counts_tasks_over_its_rows_once() -> None:
    rows = stand(
        [
            row("m-30", {"a": 0.5, "b": 0.6}, "m"),
            row("m-100", {"a": 0.5, "b": 0.1}, "m"),
            row("other", {"a": 0.1, "b": 0.2}),
        ],
        TASKS,
    )
    counts = {count.method: count.best_on for count in count_methods(rows, TASKS)}
    assert counts == {"m": 2, "other": 0}


def test_leaving_a_method_out_gives_its_tasks_to_the_next() -> None:
    rows = [
        row("m", {"a": 0.5, "b": 0.6}),
        row("clip", {"a": 0.9, "b": 0.1}),
        row("other", {"a": 0.1, "b": 0.2}),
    ]
    assert best_without(rows, TASKS, "m", []) == 1
    assert best_without(rows, TASKS, "m", ["clip"]) == 2
    assert best_without(rows, TASKS, "nobody", []) == 0
