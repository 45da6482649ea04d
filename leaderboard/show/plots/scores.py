"""Scores of the rows on one task, with intervals and single runs, and a sheet of all tasks."""

from __future__ import annotations

from collections.abc import Sequence

from lovt_bench.benchmark.contract.leaderboard import Cell, Column, Row, Table
from lovt_bench.leaderboard.show.layout import MISSING, half_width, percent
from lovt_bench.leaderboard.show.plots.chart import SCHEMA, across, beside_names, kinds, lines, names
from lovt_bench.leaderboard.show.plots.choice import row_fields
from lovt_bench.leaderboard.show.plots.theme import CONFIG, INK, MARK, QUIET, Spec, by_supervision

SHEET_COLUMNS = 3
_SHEET_WIDTH = 190


def score_chart(*, runs: bool = True) -> Spec:
    """Return the chart of one task, with single runs or where none is known.

    Rows: `mean`, `half` (of the interval), `runs` as fractions; `label`: the score as text. A row without `mean` shows
    its label alone.
    """
    return beside_names(
        "width < 560 ? 10 : 100",
        height={"step": 22},
        encoding={"y": lines()},
        transform=_PERCENT,
        layer=[names(), *_layers(runs=runs)],
    )


def score_sheet(table: Table, rows: Sequence[Row]) -> Spec:
    """Return all tasks of a table beside each other, with their data; the names stand at the left of each line."""
    views = [
        {
            "title": {"text": f"{column.number}. {column.title}", "fontSize": 11},
            "width": _SHEET_WIDTH,
            "height": {"step": 13},
            "data": {"values": score_rows(table, column, rows)},
            "encoding": {"y": lines()},
            "transform": _PERCENT,
            "layer": [
                *([names()] if place % SHEET_COLUMNS == 0 else []),
                *_layers(runs=has_runs(table, rows), small=True),
            ],
        }
        for place, column in enumerate(table.columns)
    ]
    known = {
        "names": 150,
        "left": 0,
        "right": _SHEET_WIDTH,
        "kinds": kinds([row_fields(row) for row in rows]),
    }
    return {
        "$schema": SCHEMA,
        "config": CONFIG,
        "params": [{"name": name, "value": value} for name, value in known.items()],
        "columns": SHEET_COLUMNS,
        "concat": views,
    }


def has_runs(table: Table, rows: Sequence[Row]) -> bool:
    """Return whether single runs of these rows are known."""
    return any(_score(table, cell)["runs"] for row in rows for cell in row.cells)


def score_rows(table: Table, column: Column, rows: Sequence[Row]) -> list[Spec]:
    """Return the rows of a chart, those without a score included."""
    return [{**row_fields(row), **_score(table, row.cell(column.task))} for row in rows]


def _score(table: Table, cell: Cell | None) -> Spec:
    if cell is None or cell.summary is None or cell.status != "complete":
        return {
            "label": "diverged" if cell is not None and cell.status == "diverged" else MISSING,
            "runs": [],
        }
    half = cell.summary.interval(table.interval)
    return {
        "mean": cell.summary.mean,
        "half": half,
        "runs": [run.value for run in cell.runs if run.value is not None],
        "label": percent(cell.summary.mean) + half_width(half),
        "best": cell.best,
    }


_WHO = {"field": "name", "title": "row"}

_PERCENT = [
    {"calculate": "isValid(datum.mean) ? 100 * datum.mean : null", "as": "score"},
    {"calculate": "isValid(datum.half) ? 100 * (datum.mean - datum.half) : null", "as": "low"},
    {"calculate": "isValid(datum.half) ? 100 * (datum.mean + datum.half) : null", "as": "high"},
]


def _layers(*, runs: bool, small: bool = False) -> list[Spec]:
    """Return intervals, runs where there are any, means and numbers."""
    x = across(
        title=None if small else "score, %", scale={"zero": False}, axis={"tickCount": 4 if small else 8}
    )
    number = {
        "type": "text",
        "align": "right",
        "x": {"expr": "width"},
        "text": {"expr": "width < 560 && isValid(datum.mean) ? '' : datum.label"},
        "fontWeight": {"expr": "datum.best ? 'bold' : 'normal'"},
        "color": INK,
    }
    return [
        {
            "mark": {
                "type": "rule",
                "strokeWidth": 0.5,
                "color": "var(--line)",
                "x": {"expr": "left"},
                "x2": {"expr": "right"},
            }
        },
        {
            "transform": [{"filter": "isValid(datum.half)"}],
            "mark": {"type": "rule", "strokeWidth": 3 if small else 5, "opacity": 0.35, "color": MARK},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        *([_runs(x, small=small)] if runs else []),
        {
            "transform": [{"filter": "isValid(datum.mean)"}],
            "mark": {"type": "point", "filled": True, "size": 22 if small else 64, "opacity": 1},
            "encoding": {
                "x": {**x, "field": "score"},
                "tooltip": [_WHO, {"field": "label", "title": "score, %"}],
                **by_supervision(),
            },
        },
        {
            "mark": number
            | (
                {"fontSize": 9, "x": _SHEET_WIDTH, "text": {"expr": "isValid(datum.mean) ? '' : datum.label"}}
                if small
                else {}
            )
        },
    ]


def _runs(x: Spec, *, small: bool) -> Spec:
    """Return the layer of single runs. Vega warns of one that has no data."""
    return {
        "transform": [
            {"flatten": ["runs"], "as": ["run"]},
            {"calculate": "100 * datum.run", "as": "value"},
        ],
        "mark": {
            "type": "point",
            "size": 10 if small else 30,
            "filled": False,
            "strokeWidth": 1,
            "color": QUIET,
        },
        "encoding": {
            "x": {**x, "field": "value"},
            "tooltip": [_WHO, {"field": "value", "title": "run", "format": ".2f"}],
        },
    }
