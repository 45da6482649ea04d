"""Critical-difference diagram after Demšar (2006): rows on an axis of mean ranks, bars join those not told apart."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lovt_bench.benchmark.contract.analysis import CriticalDifference
from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.show.plots.style import FAINT, frame, name_of, note_height

ROW = 0.17
"""Inches between two labels, and between two bars."""


def critical_difference_figure(table: Table, diagram: CriticalDifference) -> Figure:
    """Return the figure of one diagram of the table's analysis."""
    names = {row.id: name_of(row, 7, 1.65) for row in table.rows}
    what = "datasets" if diagram.balance == "dataset" else "tasks"
    half = math.ceil(len(diagram.pool) / 2)
    notes = [
        f"Mean ranks over {diagram.blocks} {what}, within the {len(diagram.pool)} rows shown and no others. Friedman "
        f"p = {diagram.friedman_p:.2g}, Iman-Davenport p = {diagram.iman_davenport_p:.2g}. Bars join rows whose mean "
        f"ranks differ by less than Nemenyi's critical difference (CD) at {diagram.alpha:g}.",
    ]
    if len(diagram.pool) < len(table.rows):
        notes.append(f"Pool: the best {len(diagram.pool)} complete rows of {len(table.rows)}.")
    if diagram.balance == "task":
        notes.append("Tasks of one dataset are not independent: the test is too sure of itself.")
    bars = 0.10 * len(diagram.cliques)
    body = 0.75 + bars + ROW * half + 0.15
    below = note_height(notes, 7.0)
    height = 0.55 + body + below
    figure = Figure(figsize=(7.0, height))
    axes = figure.add_axes((0.0, below / height, 1.0, body / height))
    axes.set_xlim(0, 7.0)
    axes.set_ylim(body, 0)
    axes.axis("off")
    _draw(axes, diagram, names, half, bars)
    frame(figure, table, f"Critical difference over {what}", notes)
    return figure


def _draw(axes: Axes, diagram: CriticalDifference, names: dict[str, str], half: int, bars: float) -> None:
    """Draw in inches, y downwards; rank 1 is at the left."""
    left, right, line = 2.3, 4.7, 0.62
    count = len(diagram.pool)
    low, high = 1, max(count, 2)

    def place(rank: float) -> float:
        return left + (rank - low) / (high - low) * (right - left)

    axes.plot([left, right], [line, line], color="black", linewidth=1)
    step = max(1, math.ceil((high - low) / 10))
    for tick in range(low, high + 1):
        long = (tick - low) % step == 0
        axes.plot([place(tick)] * 2, [line - (0.08 if long else 0.04), line], color="black", linewidth=0.8)
        if long:
            axes.text(place(tick), line - 0.1, str(tick), ha="center", va="bottom", fontsize=7)
    span = place(low + diagram.critical_difference) - left
    # A critical difference beyond the axis is drawn to its end and named.
    end = min(left + span, right)
    axes.plot([left, end], [0.22, 0.22], color="black", linewidth=1.4)
    for x in (left, end) if left + span <= right else (left,):
        axes.plot([x, x], [0.17, 0.27], color="black", linewidth=1.4)
    beyond = "" if left + span <= right else " (longer than the axis)"
    axes.text(
        (left + end) / 2,
        0.17,
        f"CD = {diagram.critical_difference:.2f}{beyond}",
        ha="center",
        va="bottom",
        fontsize=7,
    )
    ranks = dict(zip(diagram.pool, diagram.mean_ranks, strict=True))
    for number, clique in enumerate(diagram.cliques):
        y = line + 0.1 + 0.10 * number
        ends = [place(ranks[clique[0]]) - 0.03, place(ranks[clique[-1]]) + 0.03]
        axes.plot(ends, [y, y], color="black", linewidth=3, solid_capstyle="butt")
    for index, (row, rank) in enumerate(zip(diagram.pool, diagram.mean_ranks, strict=True)):
        first = index < half
        y = line + 0.2 + bars + ROW * (index if first else count - 1 - index)
        edge = left - 0.12 if first else right + 0.12
        axes.plot([place(rank), place(rank), edge], [line, y, y], color=FAINT, linewidth=0.7)
        side = "right" if first else "left"
        shift = -0.05 if first else 0.05
        printed = f"{rank:5.2f}".replace(" ", "\u2007")
        label = f"{names[row]}  {printed}" if first else f"{printed}  {names[row]}"
        axes.text(edge + shift, y, label, ha=side, va="center", fontsize=7)
