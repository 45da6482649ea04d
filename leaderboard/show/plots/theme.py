"""How every chart looks: colours are variables of the page's style sheet, on paper they have values.

Hues are those of Okabe and Ito (jfly.uni-koeln.de/color), told apart with any colour vision; a shape or a dash says the
same in greyscale.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lovt_bench.benchmark.contract.submission import Supervision

Spec = dict[str, Any]
"""A part of a Vega-Lite specification."""

INK, QUIET, MARK, SUNK = "var(--ink)", "var(--quiet)", "var(--mark)", "var(--sunk)"

PAPER: Mapping[str, str] = {
    "ink": "#000000",
    "quiet": "#555555",
    "mark": "#0072b2",
    "sunk": "#ececec",
    "line": "#dddddd",
    "line-strong": "#888888",
}
"""What the variables are on paper."""

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The first comes with vl-convert, so texts are as long on every machine; Arial has the same widths."""


@dataclass(frozen=True)
class Look:
    """How rows of one kind of supervision are drawn."""

    label: str
    colour: str
    shape: str


LOOKS: Mapping[Supervision, Look] = {
    "none": Look("no pre-training", "#8c8c8c", "cross"),
    "general": Look("general images", "#e69f00", "square"),
    "labels": Look("labels", "#cc79a7", "diamond"),
    "self": Look("images only", "#56b4e9", "triangle-up"),
    "text": Look("images and reports", "#0072b2", "circle"),
    "unknown": Look("not stated", "#009e73", "triangle-down"),
}

SERIES = (
    ("#0072b2", [1, 0], "circle"),
    ("#d55e00", [6, 3], "square"),
    ("#009e73", [2, 3], "triangle-up"),
    ("#cc79a7", [8, 3, 2, 3], "diamond"),
    ("#56b4e9", [10, 4], "cross"),
    ("#e69f00", [4, 2, 1, 2], "triangle-down"),
)
"""Colour, dash and shape of rows that are drawn beside each other."""

_TEXT = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "titleColor": QUIET}

CONFIG: Spec = {
    "background": None,
    "font": FONT,
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "domainColor": "var(--line-strong)",
        "gridColor": "var(--line)",
        "tickColor": "var(--line-strong)",
        "labelColor": QUIET,
        **_TEXT,
    },
    "legend": {"labelColor": INK, "labelLimit": 230, "symbolSize": 80, "orient": "bottom", **_TEXT},
    "title": {"color": INK, "fontSize": 12, "anchor": "start"},
    "rule": {"color": QUIET},
    "text": {"color": INK, "fontSize": 12},
}


_DATA = ("datasets", "values", "value")
"""Keys below which texts are data, and may read like a colour."""


def on_paper(chart: Any) -> Any:
    """Return a chart with the values of its colours."""
    if isinstance(chart, Mapping):
        return {key: value if key in _DATA else on_paper(value) for key, value in chart.items()}
    if isinstance(chart, list):
        return [on_paper(value) for value in chart]
    name = re.fullmatch(r"var\(--([a-z-]+)\)", chart) if isinstance(chart, str) else None
    return PAPER[name[1]] if name else chart


def by_supervision() -> Spec:
    """Return the channels that tell what a row learned from, with a legend of the kinds that occur."""
    labels = [look.label for look in LOOKS.values()]
    legend = {
        "title": "learned from",
        "values": {"expr": "kinds"},
        "columns": {"expr": "width < 560 ? 2 : 6"},
    }
    channel = {"field": "from", "type": "nominal", "legend": legend}
    return {
        "color": {**channel, "scale": {"domain": labels, "range": [look.colour for look in LOOKS.values()]}},
        "shape": {**channel, "scale": {"domain": labels, "range": [look.shape for look in LOOKS.values()]}},
    }


def by_series(*, dashes: bool) -> Spec:
    """Return the channels that tell rows apart that are drawn beside each other; the legend has their names."""
    colours, dash, shapes = (list(values) for values in zip(*SERIES, strict=True))

    def channel(found: list[Any]) -> Spec:
        legend = {
            "title": None,
            "labelExpr": "labels[datum.value]",
            "columns": {"expr": "width < 560 ? 1 : 3"},
        }
        return {
            "field": "id",
            "type": "nominal",
            "legend": legend,
            "scale": {"domain": {"expr": "series"}, "range": found},
        }

    parts = {"color": channel(colours), "shape": channel(shapes)}
    return parts | ({"strokeDash": channel(dash)} if dashes else {})
