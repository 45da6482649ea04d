"""All figures of a table, written to a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.benchmark.disk.temporary import new_file, write_bytes
from lovt_bench.leaderboard.show.layout import INTERVALS
from lovt_bench.leaderboard.show.plots.chart import filled
from lovt_bench.leaderboard.show.plots.choice import LIMIT, analysis_of, shown_rows
from lovt_bench.leaderboard.show.plots.cost import COSTS, LEGEND, cost_chart, cost_rows
from lovt_bench.leaderboard.show.plots.critical_difference import (
    critical_difference_chart,
    critical_difference_label,
)
from lovt_bench.leaderboard.show.plots.curves import curve_chart, curve_rows
from lovt_bench.leaderboard.show.plots.figure import (
    WIDTH,
    Figure,
    Format,
    chart_svg,
    figure_bytes,
    figure_svg,
    framed,
)
from lovt_bench.leaderboard.show.plots.heatmap import heat_chart, heat_rows
from lovt_bench.leaderboard.show.plots.ranks import rank_chart, rank_rows, tied
from lovt_bench.leaderboard.show.plots.scores import has_runs, score_chart, score_rows, score_sheet
from lovt_bench.leaderboard.show.plots.theme import on_paper
from lovt_bench.leaderboard.statistics.aggregate import is_reference
from lovt_bench.leaderboard.text import clean, slug

Kind = Literal["ranks", "cd", "heatmap", "scores", "curves", "cost"]

_SHEET_LIMIT = 24
"""Rows in one chart of the sheet."""

_REPEATED = "Published runs share one seed and often repeat each other: these intervals are too narrow."

Written = Format | Literal["vega"]
"""A figure in a format, or its specification."""

Named = Iterator[tuple[str, Figure]]


def write_figures(
    table: Table, out: Path, kinds: Sequence[Kind], formats: Sequence[Format]
) -> Iterator[Path]:
    """Write the figures of a table and yield each file when it is there.

    Files are `<table>-<figure>.<format>`; a kind that a table has no data for (ranks of one row) writes none. The same
    table gives the same SVG and PNG; PDFs draw the same, their fonts stand in any order.
    """
    if not table.rows or not table.columns:
        return
    table = table.model_copy(update={"analysis": analysis_of(table)})
    for kind in kinds:
        for name, figure in FIGURES[kind](table):
            svg = figure_svg(figure, table)
            for form in formats:
                target = out / f"{slug(table.id)}-{name}.{form}"
                with new_file(target) as path:
                    path.write_bytes(figure_bytes(svg, form))
                yield target


def write_figure(figure: Figure, place: Path, source: str, tag: str, formats: Sequence[Written]) -> int:
    """Write one figure and return how many files it has.

    Args:
        figure: What is drawn.
        place: Where, without what the name ends in.
        source: Where the numbers come from.
        tag: What must be known of them, such as that images are synthetic.
        formats: `png`, `svg`, `pdf`, and `vega`: the specification.
    """
    svg = framed(chart_svg(figure.chart), figure.title, clean(source, 160), tag, figure.notes)
    for form in formats:
        if form == "vega":
            content, end = json.dumps(on_paper(figure.chart), indent=1).encode() + b"\n", "vl.json"
        else:
            content, end = figure_bytes(svg, form), form
        write_bytes(place.with_name(f"{place.name}.{end}"), content)
    return len(formats)


def _ranks(table: Table) -> Named:
    analysis = analysis_of(table)
    if not analysis.rankings:
        return
    ranking, by_task = analysis.rankings
    references = [item for item in ranking.rows[LIMIT:] if is_reference(item.row)]
    shown = [*ranking.rows[: LIMIT - min(len(references), LIMIT // 2)], *references][:LIMIT]
    notes = [
        f"Mark and line: mean rank over datasets (their tasks share one vote) with the range of 95 % of "
        f"{analysis.bootstrap_samples} draws of datasets, tasks and runs. Cross: mean rank over tasks."
    ]
    if tied(ranking):
        notes.append("Shaded: cannot be told apart from the first.")
    if len(shown) < len(ranking.rows):
        notes.append(
            f"{len(shown)} of {len(ranking.rows)} rows: the best, and reference rows; ranks are among all."
        )
    if len(ranking.rows) < len(table.rows):
        notes.append(f"{len(table.rows) - len(ranking.rows)} row(s) are not measured on every task: no rank.")
    if table.kind == "published":
        notes.append(_REPEATED)
    chart = filled(rank_chart(), rank_rows(table, ranking, by_task, shown), WIDTH)
    yield "ranks", Figure("Mean ranks", chart, notes)


def _critical_differences(table: Table) -> Named:
    for diagram in analysis_of(table).critical_differences:
        chart = critical_difference_chart(table, diagram) | {"width": WIDTH}
        notes = [critical_difference_label(table, diagram)]
        yield f"cd-{diagram.balance}", Figure(f"Critical difference over {diagram.balance}s", chart, notes)


def _heat_map(table: Table) -> Named:
    rows, left_out = shown_rows(table, analysis_of(table))
    how = (
        "Mean test metric in percent (units differ from task to task); shade: from the lowest to the highest of the "
        "rows shown, task by task. Bold: best on the task. div: diverged, —: not complete."
    )
    chart = filled(heat_chart(), heat_rows(table, rows), max(WIDTH, 250 + 38 * len(table.columns)))
    yield "heatmap", Figure("Scores by task", chart, [how, *left_out])


def _scores(table: Table) -> Named:
    what = (
        "As submitters state it."
        if table.kind == "claimed"
        else f"Mean of {table.expected_runs} run(s), 95 % interval ({INTERVALS[table.interval]}); circles: single runs."
    )
    notes = [what, *([_REPEATED] if table.kind == "published" else [])]
    rows, left_out = shown_rows(table, analysis_of(table), _SHEET_LIMIT)
    yield "scores", Figure("All tasks", score_sheet(table, rows), [*notes, *left_out])
    rows, left_out = shown_rows(table, analysis_of(table))
    runs = has_runs(table, rows)
    for column in table.columns:
        chart = filled(score_chart(runs=runs), score_rows(table, column, rows), WIDTH)
        title = f"{column.number}. {column.title}: {column.metric_label}"
        yield f"scores-{column.number:02d}-{slug(column.task)}", Figure(title, chart, [*notes, *left_out])


def _curves(table: Table) -> Named:
    for column in table.columns:
        rows = curve_rows(column, table.rows)
        if rows:
            title = f"{column.number}. {column.title}: validation {column.metric_label}"
            notes = ["Mean over the runs that still train; the best rows of which there are curves."]
            name = f"curves-{column.number:02d}-{slug(column.task)}"
            yield name, Figure(title, filled(curve_chart(), rows, WIDTH), notes)


def _costs(table: Table) -> Named:
    for kind, (_, title) in COSTS.items():
        rows = cost_rows(table.rows, kind)
        if rows:
            chart = filled(cost_chart(kind), rows, WIDTH)
            yield (
                f"cost-{kind}",
                Figure(
                    "Cost against rank",
                    chart,
                    [f"Cost: {title}. {LEGEND}"],
                ),
            )


FIGURES: dict[Kind, Callable[[Table], Named]] = {
    "ranks": _ranks,
    "cd": _critical_differences,
    "heatmap": _heat_map,
    "scores": _scores,
    "curves": _curves,
    "cost": _costs,
}
"""What `leaderboard plot` draws, by kind."""
