"""`leaderboard.tex`: its layout, and text from outside in it; engines that read it are not needed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from lovt_bench.benchmark.contract.leaderboard import Leaderboard, Overlap, OverlapMark
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.descriptions import Description
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.show.as_latex import LONG, NAME, as_latex
from lovt_bench.leaderboard.show.latex_text import shortened
from tests.leaderboard.records import TASKS, record_set, runs
from tests.leaderboard.show.test_latex_text import read
from tests.leaderboard.synthetic_board import synthetic_board

HOSTILE = r"\input{/etc/passwd} & 100% _of_ $x^2$ ~ {#1} \\ [1ex] *"


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    records = [
        *runs("random", "covid_linear", [0.1, 0.2]),
        *runs("evil", "covid_linear", [0.4, None]),
        *runs("third", "covid_linear", [0.3, 0.3]),
        *runs("third", "rsna_frozen_1", [0.3]),
    ]
    evil = Description(display_name=HOSTILE, method=HOSTILE)
    return build(record_set(records), load_published(), tuple(TASKS.values()), {"evil": evil})


def test_braces_and_environments_are_balanced(board: Leaderboard) -> None:
    text = as_latex(board)
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", re.sub(r"\\[{}]", "", text)):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    open_ones: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert not open_ones
    assert text.isascii()
    assert len(re.findall(r"(?<!\\)\$", text)) % 2 == 0


def test_every_line_of_a_table_has_a_cell_for_every_column(board: Leaderboard) -> None:
    tables = re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", as_latex(board), re.DOTALL)
    assert len(tables) == 3, "nine and nine published tasks, and the measured ones"
    for columns, body in tables:
        lines = [line for line in body.splitlines() if line.endswith(r" \\")]
        for line in lines:
            spans = [int(span) for span in re.findall(r"\\multicolumn\{(\d+)\}", line)]
            assert len(re.findall(r"(?<!\\)&", line)) + 1 + sum(spans) - len(spans) == len(columns), line


def test_the_layout_is_the_papers(board: Leaderboard) -> None:
    text = as_latex(board)
    assert r" & \multicolumn{9}{c}{RSNA} &  \\" in text
    assert r"& 1 \% & 10 \% & 100 \% & 1 \% & 10 \% & 100 \% &" in text
    assert r"\multicolumn{3}{c}{COVID Rural} & \multicolumn{2}{c}{SIIM}" in text
    row = next(line for line in text.splitlines() if line.startswith(r"LoVT 100 \%"))
    assert row.split(" & ")[7] == r"\textbf{46.3}$\,\pm\,$0.0"
    assert row.split(" & ")[2] == r"\underline{13.2}$\,\pm\,$0.6"


def test_a_hostile_name_is_text_and_a_diverged_cell_says_so(board: Leaderboard) -> None:
    text = as_latex(board)
    assert "\\input" not in text
    row = next(line for line in text.splitlines() if "passwd" in line)
    name, *cells = row.removesuffix(r" \\").split(" & ")
    assert read(name) == shortened(HOSTILE, NAME)
    assert [read(cell) for cell in cells] == ["—", "diverged 1/2", "1/2"]


def test_seen_images_and_stale_rows_are_marked_apart(board: Leaderboard) -> None:
    """A dagger says the same in every rendering; a stale row has a sign of its own, and only signs in use are told."""
    assert "textdagger" not in as_latex(board)
    table = next(table for table in board.tables if table.kind == "runs")
    marks: dict[str, list[OverlapMark]] = {"third": ["overlapping", "clean"], "evil": ["unknown", "unknown"]}
    rows = [
        row.model_copy(
            update={
                "stale": ["Changed."] if row.id == "random" else [],
                "overlaps": [
                    Overlap(dataset=name, mark=mark)
                    for name, mark in zip(("covid-rural", "rsna"), marks.get(row.id, []), strict=False)
                ],
            }
        )
        for row in table.rows
    ]
    text = as_latex(board.model_copy(update={"tables": [table.model_copy(update={"rows": rows})]}))
    lines = {
        line.split(" & ")[0]: line.split(" & ")[1:] for line in text.splitlines() if line.endswith(r" \\")
    }
    dagger, stale = r"\textsuperscript{\textdagger}", r"\textsuperscript{s}"
    assert rf"random{stale}" in lines
    assert any(name.endswith(r"\textsuperscript{?}") for name in lines)
    covid = next(place for place, column in enumerate(table.columns) if column.dataset == "covid-rural")
    assert [cell.endswith(dagger) for cell in lines["third"][: len(table.columns)]] == [
        place == covid for place in range(len(table.columns))
    ]
    assert f"{dagger}Pre-training data share images" in text
    assert f"{stale}Protocol, data or backbone" in text


def tables(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield caption and rows of each table."""
    for table in re.findall(r"\\begin\{table\}.*?\\end\{table\}", text, re.DOTALL):
        rows = table.split("\\midrule", 1)[1].splitlines()
        yield table.split("\\caption{", 1)[1].split("\n", 1)[0], [row for row in rows if row.endswith(r" \\")]


def test_a_long_table_goes_on_in_further_ones(board: Leaderboard) -> None:
    """A table does not break: all rows beyond its page were lost, with no more than a warning."""
    large = synthetic_board(60)
    table = large.tables[0]
    text = as_latex(large.model_copy(update={"tables": [table]}))
    *found, _, _ = tables(text)
    assert [len(rows) for _, rows in found] == [LONG, LONG, 59 - 2 * LONG] * 2, "one row is unfinished"
    assert "rows 25{-}48 of 59" in found[1][0].replace(r"\textendash{}", "{-}")
    assert [row.split(" & ")[-1] for _, rows in found[:3] for row in rows] == [
        row.split(" & ")[-1] for _, rows in found[3:] for row in rows
    ]
    assert [text.count(f" & {title} \\\\") for title in ("Mean rank", "Tasks")] == [6, 2]
    *_, (_, [unfinished]) = tables(text)
    assert unfinished.split(" & ")[-1] == r"17/18 \\", "no column of dashes: it has no mean rank"
    assert text.count("\\clearpage") == 5, 'floats that wait would be too many, or stand below "Unfinished"'
    assert all(" rows " not in caption for caption, _ in tables(as_latex(board)))


def test_a_table_stays_below_its_heading(board: Leaderboard) -> None:
    sections = as_latex(board).split("\\section*")[1:]
    assert [section.rstrip().endswith("\\clearpage") for section in sections] == [True] * (
        len(board.tables) - 1
    ) + [False]


def test_claimed_numbers_are_not_called_means_over_runs() -> None:
    large = synthetic_board(20)
    claimed = [table for table in large.tables if table.kind == "claimed"]
    for caption, rows in tables(as_latex(large.model_copy(update={"tables": claimed}))):
        assert "as claimed." in caption
        assert "mean over" not in caption
        assert rows
        assert not re.search(r"\(\d+/\d+\)", "".join(rows))


def test_only_marks_in_use_are_told(board: Leaderboard) -> None:
    (plain,) = build(record_set(runs("random", "covid_linear", [0.3])), (), tuple(TASKS.values())).tables
    rows = [
        row.model_copy(
            update={"cells": [cell.model_copy(update={"best": False, "second": False}) for cell in row.cells]}
        )
        for row in plain.rows
    ]
    text = as_latex(board.model_copy(update={"tables": [plain.model_copy(update={"rows": rows})]}))
    assert "Bold" not in text
    assert "Underlined" not in text
    assert "Underlined" in as_latex(board)
