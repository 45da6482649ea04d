"""Bar charts with intervals, one per task, and a sheet with all of them, in the order of the table."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lovt_bench.benchmark.contract.leaderboard import Column, Row, Table
from lovt_bench.leaderboard.show.layout import INTERVALS, MISSING, heading, percent
from lovt_bench.leaderboard.show.plots.choice import analysis_of, shown_rows
from lovt_bench.leaderboard.show.plots.style import FAINT, LOOKS, frame, legend_of, name_of, note_height

WIDTH = 6.0
"""Inches of the chart of one task."""

SHEET_COLUMNS = 3

SHEET_LIMIT = 24
"""Rows in one chart of the sheet."""


def bar_figure(table: Table, column: Column) -> Figure:
    """Return the chart of one task."""
    rows, notes = shown_rows(table, analysis_of(table))
    notes = [*_notes(table), *notes]
    below = note_height(notes, WIDTH) + 0.68
    body = 0.19 * max(len(rows), 1)
    height = 0.52 + body + below
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((0.34, below / height, 0.62, body / height))
    _draw(axes, table, column, rows, values=True)
    axes.set_yticks(range(len(rows)), [name_of(row, 8, 1.8) for row in rows])
    axes.set_xlabel(f"{column.metric_label} (%)")
    legend_of(axes, [row.supervision for row in rows], bars=True, inches=below - 0.68)
    frame(figure, table, f"{column.number}. {_title(column, table)}", notes)
    return figure


def bar_sheet(table: Table) -> Figure:
    """Return one page with the charts of all tasks."""
    rows, left_out = shown_rows(table, analysis_of(table), SHEET_LIMIT)
    notes = [*_notes(table), *left_out]
    across = min(SHEET_COLUMNS, max(len(table.columns), 1))
    down = max(1, math.ceil(len(table.columns) / across))
    width = 1.7 + 2.0 * across
    body = 0.1 * max(len(rows), 1)
    pitch = body + 0.42
    below = note_height(notes, width) + 0.35
    height = 0.5 + pitch * down + below
    figure = Figure(figsize=(width, height))
    for number, column in enumerate(table.columns):
        line, place = divmod(number, across)
        bottom = height - 0.5 - pitch * line - 0.2 - body
        axes = figure.add_axes(((1.65 + 2.0 * place) / width, bottom / height, 1.75 / width, body / height))
        _draw(axes, table, column, rows, values=False)
        axes.set_yticks(
            range(len(rows)), [name_of(row, 5, 1.5) for row in rows] if place == 0 else [""] * len(rows)
        )
        axes.tick_params(labelsize=5, length=2, pad=1.5)
        axes.set_title(f"{column.number}. {_title(column, table)}", fontsize=6, loc="left", pad=2)
    if table.columns:
        legend_of(figure.axes[0], [row.supervision for row in rows], bars=True, inches=below - 0.3)
    frame(figure, table, "All tasks", notes)
    return figure


def _draw(axes: Axes, table: Table, column: Column, rows: list[Row], *, values: bool) -> None:
    ends = []
    for place, row in enumerate(rows):
        cell = row.cell(column.task)
        look = LOOKS[row.supervision]
        if cell is None or cell.summary is None or cell.status != "complete":
            why = "diverged" if cell is not None and cell.status == "diverged" else MISSING
            axes.text(0, place, f" {why}", va="center", ha="left", fontsize=7 if values else 5, color=FAINT)
            continue
        mean, half = 100 * cell.summary.mean, cell.summary.interval(table.interval)
        axes.barh(
            place,
            mean,
            height=0.74,
            color=look.colour,
            hatch=look.hatch,
            edgecolor="black",
            linewidth=0.5,
            zorder=2,
        )
        end = mean + 100 * (half or 0.0)
        if half is not None:
            axes.errorbar(
                mean,
                place,
                xerr=100 * half,
                color="black",
                linewidth=0.9,
                capsize=2 if values else 1,
                zorder=3,
            )
        ends.append(end)
        if values:
            text = percent(cell.summary.mean) + ("" if half is None else f" ± {percent(half)}")
            weight = "bold" if cell.best else "normal"
            axes.annotate(
                text,
                (end, place),
                (3, 0),
                textcoords="offset points",
                va="center",
                ha="left",
                fontsize=6.5,
                weight=weight,
            )
    limit = max(ends, default=1.0) or 1.0
    axes.set_xlim(0, limit * (1.22 if values else 1.05))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="x", color="#dddddd", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)


def _title(column: Column, table: Table) -> str:
    dataset, head, backbone, *_ = heading(column, table)
    return f"{dataset} {head}, {backbone}: {column.metric_label}"


def _notes(table: Table) -> list[str]:
    what = f"Mean of {table.expected_runs} run(s) and 95 % interval ({INTERVALS[table.interval]})."
    if table.kind == "published":
        what += " Published runs share one seed and often repeat each other: these intervals are too narrow."
    if table.kind == "claimed":
        what = "As submitters state it."
    return [what]
