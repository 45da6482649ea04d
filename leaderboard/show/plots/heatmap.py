"""Heat map: rows by tasks, shaded from the lowest to the highest score of each task, numbers in the cells."""

from __future__ import annotations

from collections.abc import Sequence

from lovt_bench.benchmark.contract.leaderboard import Row, Table
from lovt_bench.leaderboard.show.layout import MISSING, percent
from lovt_bench.leaderboard.show.plots.chart import beside_names, lines, names
from lovt_bench.leaderboard.show.plots.choice import row_fields
from lovt_bench.leaderboard.show.plots.theme import QUIET, Spec

_SCHEME = "cividis"
"""Lightness rises all along, for any colour vision and in greyscale."""


def heat_chart() -> Spec:
    """Return the chart. Rows: one for each row and task: the task's name, `score` as a fraction, `label`, `best`."""
    x = {
        "field": "task",
        "type": "nominal",
        "sort": None,
        "title": None,
        "scale": {"range": [{"expr": "left"}, {"expr": "right"}], "padding": 0.04},
        "axis": {"orient": "top", "labelAngle": -55, "labelLimit": 230, "ticks": False, "domain": False},
    }
    shade = "datum.high > datum.low ? (datum.score - datum.low) / (datum.high - datum.low) : 0.5"
    label = {
        "type": "text",
        "fontSize": 10,
        "text": {"expr": "datum.label"},
        "fontWeight": {"expr": "datum.best ? 'bold' : 'normal'"},
    }
    spec = beside_names(
        "56",
        height={"step": 20},
        transform=[
            {
                "joinaggregate": [
                    {"op": "min", "field": "score", "as": "low"},
                    {"op": "max", "field": "score", "as": "high"},
                ],
                "groupby": ["task"],
            },
            {"calculate": f"isValid(datum.score) ? ({shade}) : null", "as": "shade"},
        ],
        encoding={"y": {**lines(), "scale": {"padding": 0.04}}},
        layer=[
            names(),
            {
                "transform": [{"filter": "isValid(datum.shade)"}],
                "mark": {"type": "rect"},
                "encoding": {
                    "x": x,
                    "color": {
                        "field": "shade",
                        "type": "quantitative",
                        "scale": {"scheme": _SCHEME, "domain": [0, 1]},
                        "legend": None,
                    },
                },
            },
            {
                "transform": [{"filter": "isValid(datum.shade)"}],
                "mark": {**label, "color": {"expr": "datum.shade < 0.55 ? 'white' : 'black'"}},
                "encoding": {"x": x},
            },
            {
                "transform": [{"filter": "!isValid(datum.shade)"}],
                "mark": {**label, "color": QUIET},
                "encoding": {"x": x},
            },
        ],
    )
    return spec | {"usermeta": {"least": 900}}


def heat_rows(table: Table, rows: Sequence[Row]) -> list[Spec]:
    """Return the rows of the chart."""
    found: list[Spec] = []
    for row in rows:
        for column in table.columns:
            cell = row.cell(column.task)
            fields = {**row_fields(row), "task": f"{column.number} {column.title}"}
            if cell and cell.summary and cell.status == "complete":
                fields |= {"score": cell.summary.mean, "label": percent(cell.summary.mean), "best": cell.best}
            else:
                fields["label"] = "div" if cell and cell.status == "diverged" else MISSING
            found.append(fields)
    return found
