"""The ranking without tasks that a row may have seen, against ranks counted by hand."""

from __future__ import annotations

from lovt_bench.benchmark.contract.leaderboard import Cell, CleanRanking, Overlap, Row, Summary
from lovt_bench.leaderboard.board.clean import clean_ranking, frozen_ranking
from lovt_bench.leaderboard.board.columns import column_of
from tests.leaderboard.records import TASKS

COLUMNS = [
    column_of(TASKS[task])
    for task in ("rsna_frozen_1", "covid_linear", "object_seg_linear_100", "nih_seg_linear")
]
TASK_OF = {column.dataset: column.task for column in COLUMNS}
DATASETS = list(TASK_OF)


def row(name: str, values: list[float | None], seen: tuple[str, ...] = (), unknown: bool = False) -> Row:
    marks = {
        dataset: "overlapping" if dataset in seen else "unknown" if unknown else "clean"
        for dataset in DATASETS
    }
    return Row(
        id=name,
        display_name=name,
        method=name,
        overlaps=[Overlap.model_validate({"dataset": key, "mark": mark}) for key, mark in marks.items()],
        cells=[
            Cell(task=column.task, status="complete", summary=Summary(runs=1, mean=value))
            for column, value in zip(COLUMNS, values, strict=True)
            if value is not None
        ],
        complete=None not in values,
        mean_rank=None,
        best_on=0,
    )


def ranking(*rows: Row) -> CleanRanking:
    found = clean_ranking(rows, COLUMNS)
    assert found is not None
    return found


FIRST, LAST = DATASETS[0], DATASETS[-1]
CLEAN = [TASK_OF[dataset] for dataset in DATASETS[1:]]


def test_a_task_that_one_ranked_row_has_seen_counts_for_none() -> None:
    count = len(COLUMNS)
    found = ranking(
        row("seen", [0.9, *[0.1] * (count - 1)], (FIRST,)),
        row("honest", [0.2, *[0.3] * (count - 1)]),
        row("third", [0.1, *[0.2] * (count - 1)]),
    )
    assert found.tasks == CLEAN
    assert (found.rows, found.mean_ranks) == (["honest", "third", "seen"], [1.0, 2.0, 3.0])
    assert f"Tasks on {FIRST} are left out" in found.note


def test_a_row_that_has_seen_most_is_left_out_and_takes_no_task_away() -> None:
    count = len(COLUMNS)
    found = ranking(
        row("everything", [0.9] * count, tuple(DATASETS)),
        row("a", [0.3] * count),
        row("b", [0.2] * count),
    )
    assert found.tasks == [column.task for column in COLUMNS]
    assert (found.rows, found.left_out) == (["a", "b"], ["everything"])
    assert "overlap with more than half of the datasets: everything" in found.note


def test_half_is_not_more_than_half() -> None:
    half = tuple(DATASETS[: len(DATASETS) // 2])
    found = ranking(row("half", [0.9] * len(COLUMNS), half), row("a", [0.3] * len(COLUMNS)))
    assert len(DATASETS) % 2 == 0
    assert found.left_out == []
    assert found.tasks == [column.task for column in COLUMNS if column.dataset not in half]


def test_a_row_needs_results_on_the_clean_tasks_only() -> None:
    values: list[float | None] = [None, *[0.3] * (len(COLUMNS) - 1)]
    found = ranking(row("seen", [0.9] * len(COLUMNS), (FIRST,)), row("partial", values))
    assert found.rows == ["seen", "partial"]
    short = ranking(
        row("seen", [0.9] * len(COLUMNS), (FIRST,)), row("partial", [*[0.3] * (len(COLUMNS) - 1), None])
    )
    assert (short.rows, short.left_out) == (["seen"], ["partial"])
    assert "Without results on all of these tasks: partial" in short.note


def test_unknown_is_ranked_and_named() -> None:
    found = ranking(
        row("seen", [0.9] * len(COLUMNS), (FIRST,)), row("mute", [0.3] * len(COLUMNS), unknown=True)
    )
    assert found.rows == ["seen", "mute"]
    assert "not everything is known of their data: mute" in found.note


def test_without_an_overlap_the_ranking_is_the_clean_one() -> None:
    assert clean_ranking([row("a", [0.3] * len(COLUMNS))], COLUMNS) is None


def test_when_every_row_has_seen_most_nothing_is_ranked() -> None:
    found = ranking(row("a", [0.3] * len(COLUMNS), tuple(DATASETS)))
    assert (found.rows, found.left_out) == ([], ["a"])


def test_a_row_that_cannot_be_fine_tuned_is_ranked_on_frozen_tasks() -> None:
    """It has no results on the others, so it stands in no other ranking."""
    columns = [column_of(TASKS[task]) for task in ("rsna_finetune_1", "rsna_frozen_1", "covid_linear")]
    values: dict[str, list[float | None]] = {
        "graph": [None, 0.5, 0.5],
        "first": [0.1, 0.6, 0.6],
        "short": [0.9, 0.9, None],
    }
    rows = [
        row("x", [None] * len(COLUMNS)).model_copy(
            update={
                "id": name,
                "display_name": name,
                "frozen_only": name == "graph",
                "cells": [
                    Cell(task=column.task, status="complete", summary=Summary(runs=1, mean=value))
                    for column, value in zip(columns, numbers, strict=True)
                    if value is not None
                ],
            }
        )
        for name, numbers in values.items()
    ]
    found = frozen_ranking(rows, columns)
    assert found
    assert found.tasks == ["rsna_frozen_1", "covid_linear"]
    assert (found.rows, found.mean_ranks, found.left_out) == (["first", "graph"], [1.0, 2.0], ["short"])
    assert frozen_ranking([item for item in rows if not item.frozen_only], columns) is None
