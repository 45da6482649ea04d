"""Learning curves of the best rows of a task."""

from __future__ import annotations

from collections.abc import Sequence

from lovt_bench.benchmark.contract.leaderboard import Column, Row
from lovt_bench.leaderboard.show.plots.chart import chart
from lovt_bench.leaderboard.show.plots.choice import row_fields
from lovt_bench.leaderboard.show.plots.theme import SERIES, Spec, by_series


def curve_chart() -> Spec:
    """Return the chart of as many rows as there are looks. Rows: lists `epochs` and `values` as fractions."""
    tooltip = [
        {"field": "name", "title": "row"},
        {"field": "epoch"},
        {"field": "score", "title": "validation, %", "format": ".1f"},
    ]
    return chart(
        height=260,
        transform=[
            {"flatten": ["epochs", "values"], "as": ["epoch", "value"]},
            {"calculate": "100 * datum.value", "as": "score"},
        ],
        encoding={
            "x": {
                "field": "epoch",
                "type": "quantitative",
                "axis": {"tickMinStep": 1, "format": "d", "grid": False},
            },
            "y": {
                "field": "score",
                "type": "quantitative",
                "title": "validation, %",
                "scale": {"zero": False},
            },
            "tooltip": tooltip,
        },
        layer=[
            {"mark": {"type": "line", "strokeWidth": 2}, "encoding": by_series(dashes=True)},
            {
                "mark": {"type": "point", "size": 36, "filled": True, "opacity": 1},
                "encoding": by_series(dashes=False),
            },
        ],
        autosize={"type": "fit-x", "contains": "padding"},
    )


def curve_rows(column: Column, rows: Sequence[Row]) -> list[Spec]:
    """Return the rows of the chart: the best of the task of which there are curves."""
    known = [
        (cell.summary.mean, row, cell.curve)
        for row in rows
        if (cell := row.cell(column.task)) and cell.summary and cell.curve and cell.status != "diverged"
    ]
    known.sort(key=lambda item: -item[0])
    return [
        {**row_fields(row), "epochs": list(curve.epochs), "values": list(curve.values)}
        for _, row, curve in known[: len(SERIES)]
    ]
