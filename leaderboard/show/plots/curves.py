"""Learning curves of the best rows of a task."""

from __future__ import annotations

from collections.abc import Sequence

from lovt_bench.benchmark.contract.leaderboard import Column, Row
from lovt_bench.leaderboard.show.plots.chart import chart
from lovt_bench.leaderboard.show.plots.choice import row_fields
from lovt_bench.leaderboard.show.plots.theme import SERIES, Spec, by_series


def curve_chart(title: str = "validation, %", factor: int = 100) -> Spec:
    """Return the chart of as many rows as there are looks. Rows: lists `epochs` and `values`.

    Args:
        title: Of the values.
        factor: What they are shown times: 100 where they are fractions.
    """
    digits = ".1f" if factor == 100 else ".4g"
    tooltip = [
        {"field": "name", "title": "row"},
        {"field": "epoch"},
        {"field": "score", "title": title, "format": digits},
    ]
    return chart(
        height=260,
        transform=[
            {"flatten": ["epochs", "values"], "as": ["epoch", "value"]},
            {"calculate": f"{factor} * datum.value", "as": "score"},
        ],
        encoding={
            "x": {
                "field": "epoch",
                "type": "quantitative",
                "axis": {
                    "tickMinStep": 1,
                    "format": "d",
                    # Between two epochs there are ticks nevertheless.
                    "labelExpr": "datum.value % 1 ? '' : datum.label",
                    "grid": False,
                },
            },
            "y": {
                "field": "score",
                "type": "quantitative",
                "title": title,
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
