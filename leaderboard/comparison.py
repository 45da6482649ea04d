"""Two rows of a table against each other, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import RenderableType
from rich.table import Table as Grid
from rich.text import Text

from benchmark.contract.leaderboard import Column, Row, Table
from leaderboard.layout import cell_text, heading, mark, signed_percent
from leaderboard.statistics.pairs import Comparison, TaskComparison, compare

P_FLOOR = 0.0001
"""Smaller p-values are shown as `< 0.0001`."""


def render_comparison(table: Table, first: str, second: str) -> Iterator[RenderableType]:
    """Yield what to print. Raises ValueError for a row that is not in the table."""
    found = compare(table, first, second)
    rows = {row.id: row for row in table.rows}
    a, b = rows[first], rows[second]
    yield Text(table.title, style="bold")
    grid = Grid(
        title=Text(f"{a.display_name} against {b.display_name}{mark(table)}"),
        title_justify="left",
        title_style="italic",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    grid.add_column("task", no_wrap=True)
    for title in (first, second, "difference", "95 % interval", "p (Holm)"):
        grid.add_column(Text(title), justify="right", no_wrap=True)
    grid.add_column("better at 5 %", no_wrap=True)
    for column, item in zip(table.columns, found.tasks, strict=True):
        grid.add_row(*_line(table, column, item, (a, b)))
    yield grid
    yield from (Text(f"• {sentence}") for sentence in summary(table, found, first, second))
    yield Text()


def summary(table: Table, found: Comparison, first: str, second: str) -> list[str]:
    """Return in sentences what the comparison says as a whole."""
    verdicts = [item.verdict for item in found.tasks]
    better = [f"{first} on {verdicts.count('first')}", f"{second} on {verdicts.count('second')}"]
    measured = len(verdicts) - verdicts.count("not measured")
    sentences = [
        f"Of {measured} common task(s), better at 5 %: {', '.join(better)} (Welch, Holm over tasks)."
    ]
    if found.overall.p is not None and found.overall.p_datasets is not None:
        datasets = len({column.dataset for column in table.columns})
        sentences.append(
            f"Over all (Wilcoxon's signed ranks): p = {p_text(found.overall.p)} over tasks, too small as tasks of one "
            f"dataset are not independent; p = {p_text(found.overall.p_datasets)} over datasets, where {datasets} of "
            f"them cannot give less than {p_text(2.0 ** (1 - datasets))}."
        )
    if table.kind == "published":
        sentences.append(
            "Published runs share one seed and often repeat each other: these p-values are too small."
        )
    return sentences


def p_text(p: float | None) -> str:
    """Return a p-value with two significant digits."""
    if p is None:
        return "—"
    return f"< {P_FLOOR:g}" if p < P_FLOOR else f"{p:.2g}"


def _line(table: Table, column: Column, item: TaskComparison, rows: tuple[Row, Row]) -> list[Text]:
    dataset, head, backbone, *_, metric = heading(column, table)
    names = {"first": rows[0].id, "second": rows[1].id}
    cells = [Text(cell_text(row.cell(column.task), table)) for row in rows]
    interval = "—"
    if item.difference is not None and item.half_width is not None:
        low, high = item.difference - item.half_width, item.difference + item.half_width
        interval = f"{signed_percent(low)} to {signed_percent(high)}"
    won = item.verdict in names
    return [
        Text(f"{column.number} {dataset} {head} {backbone}, {metric}"),
        *cells,
        Text("—" if item.difference is None else signed_percent(item.difference)),
        Text(interval),
        Text(p_text(item.p_holm)),
        Text(names.get(item.verdict, item.verdict), style="bold" if won else "dim"),
    ]
