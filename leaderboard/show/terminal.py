"""A table for the terminal: blocks of tasks that fit the width; signs where there are no styles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from lovt_bench.benchmark.contract.leaderboard import Cell, Column, Row, Table
from lovt_bench.leaderboard.show.layout import (
    BLOCK,
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

NAME_WIDTH = 22
WIDE = 120
"""Characters of a line that has room for what a row's network is."""

NOTES = 8


def legend(*, plain: bool) -> str:
    """Return what the marks mean."""
    marks = "* best, + second" if plain else "bold best, underlined second"
    return f"Percent, mean ± half-width of the 95 % interval; {marks}; (3/5) runs so far; — missing; {SIGN_LEGEND}."


def render(table: Table, width: int, *, plain: bool) -> Iterator[RenderableType]:
    """Yield what to print for one table.

    Args:
        table: The table.
        width: Characters in a line.
        plain: Mark best and second by signs: the output has no styles.
    """
    yield Text(table.title, style="bold")
    yield Text(table.statement)
    yield Text(f"{basis(table)} · table {table.id}", style="dim")
    for claim in table.claims:
        yield Text(f"• {claim.text}")
    yield Text()
    for place, part in enumerate(finished_apart(table)):
        yield _standing(UNFINISHED if place else "Standing", part.rows, table, wide=width >= WIDE)
        if place == 0:
            yield from _further(table)
        for block in blocks(part.columns, _block_size(table, width)):
            yield _grid(block, part, plain=plain)
    for text in making_legend([table]):
        yield Text(f"{text}.", style="dim")
    yield from _claims(table)
    for note in table.notes[:NOTES]:
        yield Padding(Text(f"Note: {note}", style="dim"), (0, 1))
    if len(table.notes) > NOTES:
        yield Text(f" … {len(table.notes) - NOTES} more notes in leaderboard.json", style="dim")
    yield Text()


def _block_size(table: Table, width: int) -> int:
    """Return how many tasks fit side by side without a number being cut."""
    texts = [line for column in table.columns for line in heading(column, table)]
    texts += [f"{cell_text(cell, table)}  " for row in table.rows for cell in row.cells]
    return max(1, min(BLOCK, (width - NAME_WIDTH - 2) // (max(map(len, texts), default=0) + 2)))


def _standing(title: str, rows: Sequence[Row], table: Table, *, wide: bool) -> Grid:
    grid = _empty(f"{title}{mark(table)}")
    for title in ("mean rank", "best on", "tasks"):
        grid.add_column(title, justify="right", no_wrap=True)
    for title in ("supervision", "class", "evidence"):
        grid.add_column(title, no_wrap=True)
    for row in rows:
        grid.add_row(
            _name(row),
            mean_rank_text(row),
            str(row.best_on),
            measured_text(row, table),
            row.supervision,
            class_text(row, network_too=wide),
            row.evidence or MISSING,
        )
    return grid


def _grid(block: Sequence[Column], table: Table, *, plain: bool) -> Grid:
    grid = _empty(caption(block, table))
    for column in block:
        grid.add_column(Text("\n".join(heading(column, table))), justify="right", no_wrap=True)
    for row in table.rows:
        grid.add_row(_name(row), *_line(row, block, table, plain=plain))
    return grid


def _empty(title: str) -> Grid:
    grid = Grid(
        title=Text(title),
        title_justify="left",
        title_style="italic",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    # A name is never cut: what tells the variants of a method apart stands at its end.
    grid.add_column("", max_width=NAME_WIDTH, overflow="fold")
    return grid


def _name(row: Row) -> Text:
    """Return the name with its sign behind it."""
    sign = name_signs(row)
    return Text(f"{row.display_name} {sign}" if sign else row.display_name)


def _line(row: Row, block: Sequence[Column], table: Table, *, plain: bool) -> Iterator[Text]:
    for column in block:
        cell = row.cell(column.task)
        sign = cell_sign(row, column) if cell else ""
        text = Text(f"{cell_text(cell, table)}{sign}", style="" if plain else _style(cell))
        yield Text(f"{text.plain}{_mark(cell)}") if plain else text


def _mark(cell: Cell | None) -> str:
    return "*" if cell and cell.best else "+" if cell and cell.second else " "


def _further(table: Table) -> Iterator[RenderableType]:
    """Yield the rankings over some of the tasks."""
    for name, ranking in further_rankings(table):
        yield Text(f"Mean rank on {len(ranking.tasks)} {name} task(s){mark(table)}", style="italic")
        for who, rank in ranking_lines(ranking, table):
            yield Padding(Text(f"{rank}  {who}"), (0, 2))
        yield Padding(Text(ranking.note, style="dim"), (0, 2))
        yield Text()


def _claims(table: Table) -> Iterator[RenderableType]:
    """Yield each number that its submitter states too."""
    found = [
        (row, column, text)
        for row in table.rows
        for column in table.columns
        if (text := claimed_text(row.cell(column.task), table))
    ]
    if not found:
        return
    yield Text(f"Claimed, with measured minus claimed{mark(table)}", style="italic")
    for row, column, text in found:
        measured = cell_text(row.cell(column.task), table)
        yield Padding(Text(f"{row.display_name}, {column.task}: measured {measured}, {text}"), (0, 2))
    yield Text()


def _style(cell: Cell | None) -> str:
    if cell is None or cell.status != "complete":
        return "dim"
    return "bold green" if cell.best else "underline" if cell.second else ""
