"""Blocks of columns and the text of a cell."""

from __future__ import annotations

import pytest
from rich.table import Table as Grid

from lovt_bench.benchmark.contract.leaderboard import Cell, Cost, RunValue, Summary, Table
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.columns import column_of
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.board.records import RecordSet
from lovt_bench.leaderboard.show.as_markdown import as_markdown
from lovt_bench.leaderboard.show.layout import (
    UNFINISHED,
    blocks,
    cell_text,
    dataset_label,
    finished_apart,
    forward_text,
    heading,
)
from lovt_bench.leaderboard.show.terminal import render as terminal
from tests.leaderboard.records import TASKS, digest, record_set, runs

COLUMNS = [column_of(spec) for spec in TASKS.values()]


@pytest.fixture(scope="module")
def table() -> Table:
    return build(RecordSet(), load_published(), tuple(TASKS.values())).tables[0]


def test_eighteen_tasks_make_three_blocks_in_order() -> None:
    assert [[column.number for column in block] for block in blocks(COLUMNS)] == [
        list(range(1, 7)),
        list(range(7, 13)),
        list(range(13, 19)),
    ]


@pytest.mark.parametrize("size", [1, 2, 4, 5, 18])
def test_blocks_lose_no_task_and_keep_their_size(size: int) -> None:
    found = blocks(COLUMNS, size)
    assert [column.number for block in found for column in block] == list(range(1, 19))
    assert max(map(len, found)) <= size


def test_a_column_names_its_fraction_only_where_there_are_several(table: Table) -> None:
    by_task = {column.task: column for column in table.columns}
    assert heading(by_task["rsna_frozen_1"], table) == ["RSNA", "YOLOv3 1 %", "frozen", "n = 160", "mAP"]
    assert heading(by_task["covid_linear"], table) == ["COVID Rural", "Linear", "frozen", "n = 133", "Dice"]


def test_datasets_are_written_as_papers_write_them() -> None:
    names = [
        "rsna",
        "siim",
        "covid-rural",
        "object-cxr",
        "nih-cxr",
        "mimic-cxr",
        "city-hospital",
        "vindr-cxr",
    ]
    assert [dataset_label(name) for name in names] == [
        "RSNA",
        "SIIM",
        "COVID Rural",
        "Object CXR",
        "NIH CXR",
        "MIMIC CXR",
        "City Hospital",
        "VinDr-CXR",
    ]


def test_cells_say_what_they_stand_on(table: Table) -> None:
    def shown(status: str, runs: int, interval: float | None) -> str:
        summary = Summary(runs=runs, mean=0.4567, interval95_normal=interval)
        return cell_text(Cell.model_validate({"task": "x", "status": status, "summary": summary}), table)

    assert shown("complete", 5, 0.0123) == "45.7 ± 1.2"
    assert shown("complete", 5, None) == "45.7"
    assert shown("partial", 3, 0.0123) == "45.7 ± 1.2 (3/5)"
    assert shown("complete", 7, 0.0123) == "45.7 ± 1.2 (7/5)"
    assert cell_text(None, table) == "—"
    failed = [RunValue(seed=seed, key=digest("x"), value=None if seed else 0.5) for seed in range(3)]
    assert cell_text(Cell(task="x", status="diverged", summary=None, runs=failed), table) == "diverged 2/3"


def test_images_a_second_are_told_for_each_device_and_of_records_alone(table: Table) -> None:
    def cell(task: str, **forward: float) -> Cell:
        cost = Cost(runs=1, seconds=1, forward=forward)
        return Cell(task=task, status="complete", summary=None, cost=cost)

    cells = [cell("a", card=100, other=3), cell("b", card=3000), cell("c", card=4000), cell("d")]
    assert forward_text(table.rows[0].model_copy(update={"cells": cells})) == "3,000 (card); 3 (other)"
    assert forward_text(table.rows[0].model_copy(update={"cells": cells[3:]})) == ""


def test_unfinished_rows_stand_apart_with_the_tasks_they_have() -> None:
    records = [
        *(one for task in ("covid_linear", "nih_seg_linear") for one in runs("whole", task, [0.3, 0.4])),
        *runs("begun", "covid_linear", [0.5, 0.6]),
    ]
    board = build(record_set(records), [], list(TASKS.values()))
    done, rest = finished_apart(board.tables[0])
    assert ([row.id for row in done.rows], len(done.columns)) == (["whole"], 2)
    assert ([row.id for row in rest.rows], [column.task for column in rest.columns]) == (
        ["begun"],
        ["covid_linear"],
    )
    before, after = as_markdown(board).split(UNFINISHED)
    assert "whole" in before
    assert "begun" not in before
    assert "begun" in after
    assert "whole" not in after
    shown = [part.title for part in terminal(board.tables[0], 100, plain=True) if isinstance(part, Grid)]
    assert [str(title).split(" · ")[0] for title in shown] == [
        "Standing",
        "Tasks 12–18",
        UNFINISHED,
        "Task 12",
    ]
    alone = build(record_set(runs("begun", "covid_linear", [0.5])), [], list(TASKS.values()))
    assert UNFINISHED not in as_markdown(alone)
