"""Two rows of a table against each other, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import RenderableType
from rich.table import Table as Grid
from rich.text import Text

from lovt_bench.benchmark.contract.leaderboard import Cell, Column, Row, Table
from lovt_bench.leaderboard.show.layout import MISSING, heading, mark, percent, signed_percent
from lovt_bench.leaderboard.statistics.pairs import Comparison, TaskComparison, compare
from lovt_bench.leaderboard.statistics.repeats import repeats

P_FLOOR = 0.0001
"""Smaller p-values are shown as `< 0.0001`."""


def render_comparison(table: Table, first: str, second: str) -> Iterator[RenderableType]:
    """Yield what to print: percent, differences with the half-width of their 95 % interval.

    Raises:
        ValueError: A row is not in the table.
    """
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
    for title in (first, second):
        grid.add_column(Text(title), justify="right", max_width=14, overflow="fold")
    for title in ("difference", "p (Holm)"):
        grid.add_column(Text(title), justify="right", no_wrap=True)
    grid.add_column("better at 5 %", max_width=24, no_wrap=True)
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
    if found.overall is not None:
        sentences.append(
            f"That both checkpoints are alike on each of these tasks under other training seeds: p = "
            f"{p_text(found.overall)} (Wilcoxon's signed ranks, for this one pair). Nothing follows for other tasks, "
            f"images or datasets."
        )
    sentences += _made_again(table, first, second)
    if table.kind == "published":
        sentences.append(
            "Published runs share one seed and often repeat each other: these p-values are too small."
        )
    return sentences


def _made_again(table: Table, first: str, second: str) -> list[str]:
    """Return what is to be said of runs that both rows hold: they are the same runs made twice, no two methods."""
    rows = {row.id: row for row in table.rows}
    found = {
        column.number: again
        for column in table.columns
        if (again := repeats(column, rows[first].cell(column.task), rows[second].cell(column.task)))
    }
    if not found:
        return []
    beyond = [str(number) for number, again in found.items() if again.explained is False]
    unknown = [str(number) for number, again in found.items() if again.explained is None]
    runs = sum(again.runs for again in found.values())
    parts = [
        f"differ more than that on task(s) {', '.join(beyond)}" if beyond else "differ by no more than that"
    ]
    if unknown:
        parts.append(
            f"cannot be judged on task(s) {', '.join(unknown)}, where the deviation of seeds is not known"
        )
    return [
        f"{runs} run(s) on {len(found)} task(s) are the same in both (equal keys), made twice. Other threads or "
        f"instruction sets move a run as far as another seed does, linear heads hardly (docs/records.md); these "
        f"{', and '.join(parts)}."
    ]


def p_text(p: float | None) -> str:
    """Return a p-value with three significant digits."""
    if p is None:
        return MISSING
    return f"< {P_FLOOR:g}" if p < P_FLOOR else f"{p:.3g}"


def _line(table: Table, column: Column, item: TaskComparison, rows: tuple[Row, Row]) -> list[Text]:
    names = {"first": rows[0].id, "second": rows[1].id}
    won = item.verdict in names
    return [
        Text(" ".join([str(column.number), *heading(column, table)[:3]])),
        *(Text(_mean_text(row.cell(column.task))) for row in rows),
        Text(_difference_text(item)),
        Text(p_text(item.p_holm)),
        Text(names.get(item.verdict, item.verdict), style="bold" if won else "dim"),
    ]


def _mean_text(cell: Cell | None) -> str:
    if cell is None or cell.status == "partial":
        return MISSING
    return percent(cell.summary.mean) if cell.status == "complete" and cell.summary else "diverged"


def _difference_text(item: TaskComparison) -> str:
    if item.difference is None:
        return MISSING
    half_width = "" if item.half_width is None else f" ± {percent(item.half_width)}"
    return f"{signed_percent(item.difference)}{half_width}"
