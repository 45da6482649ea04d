"""Scores of several backbones on one task as bars from zero: published ones in one colour, own ones in another."""

from __future__ import annotations

from lovt_bench.leaderboard.show.plots.chart import across, beside_names, lines, names
from lovt_bench.leaderboard.show.plots.theme import INK, SERIES, Spec

OWN, BASELINE = "measured here", "baseline"


def bar_chart(axis: str) -> Spec:
    """Return the chart. Rows: `mean` and `half` (of the interval) in percent, `label`, and `kind`, `OWN` or `BASELINE`.

    Args:
        axis: What is on it, such as `mAP, %`.
    """
    x = across(title=axis, scale={"zero": True, "nice": True}, axis={"tickCount": 6})
    colours = {"domain": [OWN, BASELINE], "range": [SERIES[0][0], SERIES[1][0]]}
    legend = {"title": None, "values": {"expr": "kinds['from']"}}
    return beside_names(
        "width < 560 ? 60 : 90",
        height={"step": 24},
        transform=[
            {"calculate": "max(0, datum.mean - datum.half)", "as": "low"},
            {"calculate": "datum.mean + datum.half", "as": "high"},
            {"calculate": "0", "as": "zero"},
        ],
        encoding={"y": lines()},
        layer=[
            names(),
            {
                "transform": [{"filter": "isValid(datum.mean)"}],
                "mark": {"type": "bar", "height": 14},
                "encoding": {
                    "x": {**x, "field": "zero"},
                    "x2": {"field": "mean"},
                    "color": {"field": "from", "type": "nominal", "legend": legend, "scale": colours},
                },
            },
            {
                "transform": [{"filter": "isValid(datum.half) && isValid(datum.mean)"}],
                "mark": {
                    "type": "errorbar",
                    "ticks": {"size": 8, "color": INK},
                    "color": INK,
                    "thickness": 1.5,
                },
                "encoding": {"x": {**x, "field": "low", "title": axis}, "x2": {"field": "high"}},
            },
            {
                "mark": {
                    "type": "text",
                    "align": "right",
                    "x": {"expr": "width"},
                    "text": {"expr": "datum.label"},
                    "color": INK,
                }
            },
        ],
    )
