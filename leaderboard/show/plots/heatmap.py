"""Heat map: rows by tasks, shaded from the lowest to the highest score of each task, numbers in the cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lovt_bench.benchmark.contract.leaderboard import Cell, Row, Table
from lovt_bench.leaderboard.show.layout import MISSING, dataset_label, heading, percent
from lovt_bench.leaderboard.show.plots.choice import analysis_of, shown_rows
from lovt_bench.leaderboard.show.plots.style import FAINT, frame, name_of, note_height

MAP = "cividis"
"""Lightness rises all along, for any colour vision and in greyscale."""


def heat_figure(table: Table) -> Figure:
    """Return the figure."""
    rows, notes = shown_rows(table, analysis_of(table))
    notes = [
        "Mean test metric in percent (units differ from task to task); shade: from the lowest to the highest of the "
        "rows shown, task by task. Bold: best on the task. Hatched: diverged (div) or not complete (—).",
        *notes,
    ]
    width = max(1.9 + 0.42 * len(table.columns) + 0.55, 5.5)
    below = note_height(notes, width)
    above = 1.55
    height = above + 0.19 * len(rows) + below + 0.1
    figure = Figure(figsize=(width, height))
    inner = 0.42 * len(table.columns)
    axes = figure.add_axes((1.9 / width, (below + 0.1) / height, inner / width, 0.19 * len(rows) / height))
    axes.set_xlim(-0.5, len(table.columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for number, column in enumerate(table.columns):
        cells = [row.cell(column.task) for row in rows]
        _column(axes, number, cells)
    axes.set_yticks(range(len(rows)), [name_of(row, 7, 1.75) for row in rows], fontsize=7)
    labels = [" ".join([f"{column.number}", *heading(column, table)[1:3]]) for column in table.columns]
    axes.set_xticks(
        range(len(table.columns)), labels, rotation=55, ha="left", rotation_mode="anchor", fontsize=6.5
    )
    axes.tick_params(length=0, labeltop=True, labelbottom=False, pad=2)
    for spine in axes.spines.values():
        spine.set_visible(False)
    _datasets(axes, table, rows)
    frame(figure, table, "Scores by task", notes)
    return figure


def _column(axes: Axes, number: int, cells: list[Cell | None]) -> None:
    scores = [
        cell.summary.mean if cell and cell.status == "complete" and cell.summary else None for cell in cells
    ]
    known = [score for score in scores if score is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    for place, (cell, score) in enumerate(zip(cells, scores, strict=True)):
        corner = (number - 0.5, place - 0.5)
        if score is None:
            box: dict[str, Any] = {
                "facecolor": "white",
                "edgecolor": "#b0b0b0",
                "hatch": "////",
                "linewidth": 0,
            }
            axes.add_patch(Rectangle(corner, 1, 1, **box))
            diverged = cell is not None and cell.status == "diverged"
            axes.text(
                number,
                place,
                "div" if diverged else MISSING,
                ha="center",
                va="center",
                fontsize=6,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )
            continue
        shade = (score - low) / (high - low) if high > low else 0.5
        colour = colormaps[MAP](shade)
        axes.add_patch(Rectangle(corner, 1, 1, facecolor=colour, edgecolor="white", linewidth=0.5))
        dark = float(np.dot(colour[:3], (0.299, 0.587, 0.114))) < 0.52
        axes.text(
            number,
            place,
            percent(score),
            ha="center",
            va="center",
            fontsize=6.5,
            color="white" if dark else "black",
            weight="bold" if cell and cell.best else "normal",
        )


def _datasets(axes: Axes, table: Table, rows: list[Row]) -> None:
    """Part the columns of different datasets and write their names below."""
    names = [column.dataset for column in table.columns]
    start = 0
    for index in range(1, len(names) + 1):
        if index < len(names) and names[index] == names[start]:
            continue
        if index < len(names):
            axes.axvline(index - 0.5, color="white", linewidth=2.5)
        axes.text(
            (start + index - 1) / 2,
            len(rows) - 0.35,
            dataset_label(names[start]),
            ha="center",
            va="top",
            fontsize=6.5,
            color=FAINT,
            clip_on=False,
        )
        start = index
