"""How every chart looks: colours are variables of the page's style sheet, on paper they have values.

Hues are those of Okabe and Ito (jfly.uni-koeln.de/color), told apart with any colour vision; a shape or a dash says the
same in greyscale.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lovt_bench.benchmark.contract.network import Family
from lovt_bench.benchmark.contract.submission import Supervision

Spec = dict[str, Any]
"""A part of a Vega-Lite specification."""

INK, QUIET, MARK, SUNK = "var(--ink)", "var(--quiet)", "var(--mark)", "var(--sunk)"
NONE = "var(--line)"
"""What has nothing of what `MARK` has all of."""

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
    """How rows of one kind of supervision are called and drawn."""

    word: str
    """What the row learned from, in a word."""
    full: str
    """The same in full."""
    colour: str
    shape: str


LOOKS: Mapping[Supervision, Look] = {
    "none": Look("none", "random initialisation", "#8c8c8c", "cross"),
    "general": Look("general", "general-domain images", "#e69f00", "square"),
    "labels": Look("labels", "labels of X-rays", "#cc79a7", "diamond"),
    "self": Look("images", "X-rays alone (self-supervised)", "#56b4e9", "triangle-up"),
    "text": Look("reports", "X-rays with reports", "#0072b2", "circle"),
    "control": Look("control", "a control, no method", "#f0e442", "triangle-left"),
    "unknown": Look("unknown", "not stated", "#009e73", "triangle-down"),
}

SHAPES: Mapping[Family | None, tuple[str, str]] = {
    "CNN": ("CNN", "circle"),
    "transformer": ("transformer", "square"),
    "graph": ("graph", "triangle-up"),
    None: ("not known", "cross"),
}
"""How the families of networks are called and drawn where they are compared."""

SERIES = (
    ("#0072b2", [1, 0], "circle"),
    ("#d55e00", [6, 3], "square"),
    ("#009e73", [2, 3], "triangle-up"),
    ("#cc79a7", [8, 3, 2, 3], "diamond"),
    ("#56b4e9", [10, 4], "cross"),
    ("#e69f00", [4, 2, 1, 2], "triangle-down"),
)
"""Colour, dash and shape of rows that are drawn beside each other."""

CLASSES = (
    ("#8c8c8c", "circle"),
    *((colour, shape) for colour, _, shape in SERIES[1:]),
    ("#0072b2", "square"),
    ("#f0e442", "triangle-right"),
    ("#000000", "triangle-left"),
)
"""Colour and shape of images without a finding, and of each class."""

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
    "legend": {
        "labelColor": INK,
        "labelLimit": 230,
        "symbolSize": 80,
        "orient": "bottom",
        "layout": {"bottom": {"direction": "vertical"}},
        **_TEXT,
    },
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
    words, colours, shapes = zip(
        *((look.word, look.colour, look.shape) for look in LOOKS.values()), strict=True
    )
    return {
        "color": _kinds("from", "learned from", words, colours),
        "shape": _kinds("from", "learned from", words, shapes),
    }


def by_supervision_and_family() -> Spec:
    """Return the same where the shape tells the family of the network."""
    words, shapes = zip(*SHAPES.values(), strict=True)
    shape = _kinds("family", "network", words, shapes)
    # Without a colour of its own the legend is black, on a dark page too.
    legend = {**shape["legend"], "symbolFillColor": INK, "symbolStrokeColor": INK}
    return {**by_supervision(), "shape": {**shape, "legend": legend}}


def _kinds(field: str, title: str, words: Sequence[str], looks: Sequence[str]) -> Spec:
    """Return a channel of a field, with a legend of the words that occur (`chart.filled`)."""
    columns = {"expr": "width < 560 ? 3 : 6"}
    return {
        "field": field,
        "type": "nominal",
        "legend": {"title": title, "values": {"expr": f"kinds['{field}']"}, "columns": columns},
        "scale": {"domain": list(words), "range": list(looks)},
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
