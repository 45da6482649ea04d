"""`leaderboard.md`: tables in the paper's layout for a repository page; text from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from lovt_bench.benchmark.contract.leaderboard import Cell, Column, Leaderboard, Row, Table
from lovt_bench.leaderboard.board.replication import sentences
from lovt_bench.leaderboard.show.layout import (
    MISSING,
    SIGN_LEGEND,
    UNFINISHED,
    basis,
    blocks,
    caption,
    cell_sign,
    cell_text,
    claimed_text,
    class_text,
    finished_apart,
    further_rankings,
    heading,
    making_legend,
    mark,
    mean_rank_text,
    measured_text,
    name_signs,
    ranking_lines,
)
from lovt_bench.leaderboard.text import markdown

NOTES = 20
"""Notes shown of a table; all of them are in the JSON."""

LEGEND = (
    "Percent: mean over runs ± half-width of the 95 % interval. **Bold** is best, *italic* second. "
    "(3/5): so many of the profile's runs; such a cell does not count yet. — is missing. "
    "A cell with a diverged run ranks last. Mean rank: over all tasks of the table, among rows that have "
    "them all (1 is best, ties share the average). Best on: tasks on which no row is better and some are "
    "worse. "
    f"{SIGN_LEGEND}. Class: paper is ResNet-50, open anything else. Evidence: declared, validated (weights are here), "
    "reproduced (evaluated by the keeper of this board), retrained (made and evaluated by the keeper). "
    "The rules are in `docs/leaderboard.md`, numbers at full precision in `leaderboard.json`."
)


def as_markdown(leaderboard: Leaderboard) -> str:
    """Return the whole page."""
    updated = f"Newest run: {leaderboard.updated}." if leaderboard.updated else "No runs yet."
    keeper = f"Keeper: {leaderboard.keeper}." if leaderboard.keeper else "No keeper is named."
    parts = [
        f"# Leaderboard {markdown(leaderboard.version)}",
        *(f"**{markdown(text)}**" for text in sentences(leaderboard)),
        f"{updated} {keeper}",
        _legend(leaderboard),
    ]
    for table in leaderboard.tables:
        parts += _table(table)
    if leaderboard.notes:
        parts += ["## Left out", _bullets(leaderboard.notes)]
    return "\n\n".join(parts) + "\n"


def _legend(leaderboard: Leaderboard) -> str:
    further = [f"{text[0]}: {text[2:]}." for text in making_legend(leaderboard.tables)]
    return " ".join([LEGEND, *further])


def _table(table: Table) -> Iterator[str]:
    yield f"## {markdown(table.title)}"
    yield markdown(table.statement)
    yield f"{basis(table)}. Table `{table.id}`."
    if table.source:
        yield f"Source: {table.source.citation} <{table.source.url}>"
    if table.claims:
        yield "Counted from these numbers:"
        yield _bullets([claim.text for claim in table.claims])
    for place, part in enumerate(finished_apart(table)):
        yield f"**{UNFINISHED if place else 'Standing'}{mark(table)}**"
        yield _standing(part.rows, table)
        if place == 0:
            yield from _further(table)
        for block in blocks(part.columns):
            yield f"**{caption(block, table)}**"
            yield _grid(
                ["", *("<br>".join(markdown(line) for line in heading(column, table)) for column in block)],
                [_line(row, block, table) for row in part.rows],
            )
    if table.notes:
        yield "Notes:"
        yield _bullets(table.notes)


def _standing(rows: Sequence[Row], table: Table) -> str:
    return _grid(
        ["", "Mean rank", "Best on", "Tasks", "Supervision", "Class", "Evidence"],
        [
            [
                _name(row),
                mean_rank_text(row),
                str(row.best_on),
                measured_text(row, table),
                row.supervision,
                class_text(row),
                row.evidence or MISSING,
            ]
            for row in rows
        ],
    )


def _further(table: Table) -> Iterator[str]:
    """Yield the rankings over some of the tasks."""
    for name, ranking in further_rankings(table):
        yield f"**Standing on {len(ranking.tasks)} {name} task(s){mark(table)}**"
        if ranking.rows:
            lines = ranking_lines(ranking, table)
            yield _grid(["", "Mean rank"], [[markdown(who), rank] for who, rank in lines])
        yield markdown(ranking.note)


def _name(row: Row) -> str:
    return f"{markdown(row.display_name)} {name_signs(row)}".strip()


def _line(row: Row, block: Sequence[Column], table: Table) -> list[str]:
    return [_name(row), *(_cell(row, column, table) for column in block)]


def _cell(row: Row, column: Column, table: Table) -> str:
    cell = row.cell(column.task)
    claimed = claimed_text(cell, table)
    text = f"{_emphasised(cell, table)} {cell_sign(row, column) if cell else ''}".strip()
    return f"{text}<br>{claimed}" if claimed else text


def _emphasised(cell: Cell | None, table: Table) -> str:
    text = cell_text(cell, table)
    if cell and cell.best:
        return f"**{text}**"
    return f"*{text}*" if cell and cell.second else text


def _grid(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    frame = pd.DataFrame(lines, columns=range(len(header)))
    align = ("left", *["right"] * (len(header) - 1))
    return frame.to_markdown(
        index=False, headers=header, disable_numparse=True, colalign=align if len(lines) else None
    )


def _bullets(notes: Sequence[str]) -> str:
    shown = [f"- {markdown(note)}" for note in notes[:NOTES]]
    more = [f"- … and {len(notes) - NOTES} more in `leaderboard.json`"] if len(notes) > NOTES else []
    return "\n".join([*shown, *more])
