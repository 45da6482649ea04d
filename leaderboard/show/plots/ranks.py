"""Rank plot: mean rank of each complete row with its bootstrap interval, best on top."""

from __future__ import annotations

from matplotlib.figure import Figure

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.show.plots.choice import LIMIT, analysis_of
from lovt_bench.leaderboard.show.plots.style import FAINT, LOOKS, frame, legend_of, name_of, note_height
from lovt_bench.leaderboard.statistics.aggregate import is_reference


def rank_figure(table: Table) -> Figure | None:
    """Return the figure; None where no two rows are complete."""
    analysis = analysis_of(table)
    if not analysis.rankings:
        return None
    ranking, by_task = analysis.rankings
    rows = {row.id: row for row in table.rows}
    plain = {item.row: item.mean_rank for item in by_task.rows}
    references = [item for item in ranking.rows[LIMIT:] if is_reference(item.row)]
    shown = [*ranking.rows[: LIMIT - min(len(references), LIMIT // 2)], *references][:LIMIT]
    notes = [
        f"Dot and bar: mean rank over datasets (their tasks share one vote) with its 95 % interval by "
        f"{analysis.bootstrap_samples} bootstrap samples over datasets, tasks and runs. Cross: mean rank over tasks.",
    ]
    if len(shown) < len(ranking.rows):
        notes.append(
            f"{len(shown)} of {len(ranking.rows)} rows: the best, and reference rows; ranks are among all."
        )
    if len(ranking.rows) < len(table.rows):
        notes.append(f"{len(table.rows) - len(ranking.rows)} row(s) are not measured on every task: no rank.")
    if table.kind == "published":
        notes.append(
            "Published runs share one seed and often repeat each other: these intervals are too narrow."
        )
    below = note_height(notes, 7.0) + 0.72
    height = 0.55 + 0.19 * len(shown) + below
    figure = Figure(figsize=(7.0, height))
    axes = figure.add_axes((0.30, below / height, 0.67, 0.19 * len(shown) / height))
    top = max((last for first, last in ranking.groups if first == 0), default=0)
    band = min(top, len(shown) - 1)
    if top:
        axes.axhspan(-0.5, band + 0.5, color="#ececec", zorder=0)
        axes.text(
            0.995,
            band + 0.42,
            "cannot be told apart from the first",
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="bottom",
            fontsize=6.5,
            color=FAINT,
        )
    for place, item in enumerate(shown):
        look = LOOKS[rows[item.row].supervision]
        axes.plot([item.low, item.high], [place, place], color="black", linewidth=1.1, zorder=2)
        for end in (item.low, item.high):
            axes.plot([end, end], [place - 0.18, place + 0.18], color="black", linewidth=1.1, zorder=2)
        axes.plot(plain[item.row], place, marker="x", color=FAINT, markersize=4, zorder=3)
        axes.plot(
            item.mean_rank,
            place,
            marker=look.marker,
            color=look.colour,
            markeredgecolor="black",
            markeredgewidth=0.7,
            markersize=5.5,
            zorder=4,
        )
    axes.set_yticks(range(len(shown)), [name_of(rows[item.row], 8, 1.9) for item in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(left=min(0.5, *(item.low for item in shown)))
    axes.set_xlabel("mean rank (1 is best)")
    axes.grid(axis="x", color="#dddddd", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    kinds = [rows[item.row].supervision for item in shown]
    legend_of(axes, kinds, bars=False, inches=below - 0.72)
    frame(figure, table, "Mean ranks", notes)
    return figure
