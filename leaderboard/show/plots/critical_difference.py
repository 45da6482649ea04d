"""Critical-difference diagram after Demšar (2006): rows on an axis of mean ranks, bars join those not told apart."""

from __future__ import annotations

import math
from typing import Any

from lovt_bench.benchmark.contract.analysis import CriticalDifference
from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.show.plots.chart import SCHEMA, short
from lovt_bench.leaderboard.show.plots.choice import row_fields
from lovt_bench.leaderboard.show.plots.theme import CONFIG, INK, QUIET, Spec

_LINE = 19
"""Pixels from one name to the next."""

_BAR = 0.5
"""Lines from one bar to the next."""


def critical_difference_chart(table: Table, diagram: CriticalDifference) -> Spec:
    """Return the chart of one diagram with its data; `width` is for whoever draws it.

    Rank 1 is at the left; the better half of the rows hangs left, the other right. A critical difference that is
    longer than the axis ends with it, and its label says so.
    """
    count = len(diagram.pool)
    half = math.ceil(count / 2)
    high = max(2, math.ceil(max(diagram.mean_ranks)))
    end = min(1 + diagram.critical_difference, high)
    top = 1.0 + _BAR * len(diagram.cliques)
    names = {row.id: row_fields(row)["name"] for row in table.rows}
    ranks = dict(zip(diagram.pool, diagram.mean_ranks, strict=True))
    rows = [
        {
            "name": names[row],
            "rank": ranks[row],
            "text": f"{ranks[row]:.2f}",
            "side": "left" if place < half else "right",
            "level": top + (place if place < half else count - 1 - place),
        }
        for place, row in enumerate(diagram.pool)
    ]
    bars = [
        {"from": ranks[clique[0]], "to": ranks[clique[-1]], "level": 0.6 + _BAR * place}
        for place, clique in enumerate(diagram.cliques)
    ]
    beyond = " (longer than the axis)" if 1 + diagram.critical_difference > high else ""
    label = f"CD = {diagram.critical_difference:.2f}{beyond}"
    x: Spec = {
        "type": "quantitative",
        "title": None,
        "scale": {
            "domain": [1, high],
            "range": [{"expr": "names"}, {"expr": "width - names"}],
            "nice": False,
        },
        "axis": {"orient": "top", "grid": False, "tickCount": min(high - 1, 10), "offset": 0},
    }
    y: Spec = {
        "type": "quantitative",
        "scale": {"domain": [0, top + half], "range": [0, {"expr": "height"}], "nice": False},
        "axis": None,
    }
    level = {"y": {**y, "field": "level"}}
    span = {"x": {**x, "field": "from"}, "x2": {"field": "to"}, **level}
    critical = {"from": 1, "to": end, "label": label}
    above: Spec = {"y": -30, "color": QUIET}
    return {
        "$schema": SCHEMA,
        "config": CONFIG,
        "params": [{"name": "names", "expr": "min(230, width * 0.29)"}],
        "height": round(_LINE * (top + half)),
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "rule"},
                "encoding": {"x": {**x, "field": "rank"}, **level, "y2": {"datum": 0}},
            },
            *_side("left", x, level),
            *_side("right", x, level),
            {
                "data": {"values": bars},
                "mark": {"type": "rule", "strokeWidth": 4, "color": INK},
                "encoding": span,
            },
            {
                "data": {"values": [critical]},
                "layer": [
                    {
                        "mark": {"type": "rule", "strokeWidth": 2, **above},
                        "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "to"}},
                    },
                    {
                        "mark": {"type": "text", "align": "left", "dx": 6, **above},
                        "encoding": {"x": {**x, "field": "to"}, "text": {"field": "label"}},
                    },
                ],
            },
        ],
    }


def _side(side: str, x: Spec, level: Spec) -> list[Spec]:
    """Return the lines from the axis to the names of one side, and the names with their ranks."""
    left = side == "left"
    edge: dict[str, Any] = {"expr": "names - 10" if left else "width - names + 10"}
    name = short("datum.name", "names - 60")
    text = f"{name} + '  ' + datum.text" if left else f"datum.text + '  ' + {name}"
    mine = {"transform": [{"filter": f"datum.side == '{side}'"}]}
    place = {"x": {"expr": "names - 14" if left else "width - names + 14"}, "text": {"expr": text}}
    return [
        {
            **mine,
            "mark": {"type": "rule"},
            "encoding": {"x": {**x, "field": "rank"}, "x2": {"value": edge}, **level},
        },
        {**mine, "mark": {"type": "text", "align": "right" if left else "left", **place}, "encoding": level},
    ]


def critical_difference_label(table: Table, diagram: CriticalDifference) -> str:
    """Return in sentences what the diagram shows, and over whom."""
    what = "datasets" if diagram.balance == "dataset" else "tasks"
    pool = (
        f"the best {len(diagram.pool)} complete rows" if len(diagram.pool) < len(table.rows) else "all rows"
    )
    return (
        f"Mean ranks over {diagram.blocks} {what}, within {pool} and no others "
        f"({len(diagram.pool)} of {len(table.rows)}). "
        f"Bars join rows whose mean ranks differ by less than Nemenyi's critical difference (CD) at {diagram.alpha:g}; "
        f"Friedman p = {diagram.friedman_p:.2g}, Iman-Davenport p = {diagram.iman_davenport_p:.2g}. This speaks of "
        f"these {what} alone, under other training seeds."
    )
