"""A property of embeddings against a score, one point a row."""

from __future__ import annotations

from lovt_bench.leaderboard.show.plots.chart import chart
from lovt_bench.leaderboard.show.plots.theme import Spec, by_supervision

_LABELLED = 16
"""Names of more rows would lie upon each other."""


def property_score_chart(*, log: bool) -> Spec:
    """Return the chart. Rows: `value` of the property, `score` in percent, their names in `property` and `outcome`."""
    tooltip = [
        {"field": "name", "title": "row"},
        {"field": "value", "title": "property", "format": ".3g"},
        {"field": "score", "title": "score, %", "format": ".1f"},
    ]
    room = f"(count <= {_LABELLED} && width > 560 ? 180 : 20)"
    scale = {"type": "log"} if log else {"zero": False, "nice": True}
    return chart(
        height=320,
        encoding={
            "x": {
                "field": "value",
                "type": "quantitative",
                "scale": {**scale, "range": [16, {"expr": f"width - {room}"}]},
                "title": None,
                "axis": {"grid": False, "tickCount": 6, "format": ".0e" if log else "~g"},
            },
            "y": {
                "field": "score",
                "type": "quantitative",
                "scale": {"zero": False, "nice": True},
                "title": "score, %",
            },
        },
        layer=[
            {
                "mark": {"type": "point", "size": 70, "filled": True, "opacity": 0.85},
                "encoding": {"tooltip": tooltip, **by_supervision()},
            },
            {
                "mark": {
                    "type": "text",
                    "align": "left",
                    "dx": 8,
                    "dy": 1,
                    "limit": 170,
                    "text": {"expr": f"count <= {_LABELLED} && width > 560 ? datum.name : ''"},
                }
            },
        ],
        autosize={"type": "fit-x", "contains": "padding"},
    )
