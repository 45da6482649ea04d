"""What all charts share: rows as data, a column of names at the left, and an axis across the rest of the width.

A chart takes its rows as the data set `rows` and its `width` from whoever draws it; everything else that depends on
either is an expression. `filled` gives it both, as `assets/plot.js` does on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lovt_bench.leaderboard.show.plots.theme import CONFIG, Spec

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"

_NAMES = "min(width < 560 ? width * 0.46 : min(230, width * 0.3), 16 + 7 * longest)"
"""Room for names: no more than the longest needs, and not all of a narrow screen."""

_LETTER = 7.2
"""Pixels of an average letter in the widest of the fonts."""


def short(text: str, room: str) -> str:
    """Return an expression: a text with its middle left out where it needs more than `room` pixels.

    What tells the variants of a method apart stands at the end.
    """
    half = f"floor(({room}) / {2 * _LETTER})"
    cut = f"slice({text}, 0, {half}) + '…' + slice({text}, 1 - {half})"
    return f"(length({text}) * {_LETTER} <= {room} ? {text} : {cut})"


def chart(**parts: Any) -> Spec:
    """Return a whole specification of these parts, without rows and width."""
    names = {"name": "names", "expr": _NAMES}
    return {"$schema": SCHEMA, "config": CONFIG, "data": {"name": "rows"}, "params": [names], **parts}


def filled(spec: Spec, rows: Sequence[Spec], width: int) -> Spec:
    """Return the chart with its rows.

    Args:
        spec: What `chart` returned.
        rows: One mapping a row; `id` and `name` tell whose it is, `from` what it learned from.
        width: Pixels.
    """
    labels = {row["id"]: row["name"] for row in rows}
    known = {
        "longest": max((len(str(row.get("title", row["name"]))) for row in rows), default=0),
        "count": len(rows),
        "kinds": kinds(rows),
        "labels": labels,
        "series": list(labels),
    }
    params = [{"name": name, "value": value} for name, value in known.items()]
    return {**spec, "width": width, "datasets": {"rows": list(rows)}, "params": [*params, *spec["params"]]}


def kinds(rows: Sequence[Spec]) -> dict[str, list[str]]:
    """Return by field the words that occur in it, which legends show."""
    return {
        field: list(dict.fromkeys(row[field] for row in rows if field in row))
        for field in ("from", "family", "kind")
    }


def across(**parts: Any) -> Spec:
    """Return an x channel between the names and the margin at the right."""
    scale = {"range": [{"expr": "left"}, {"expr": "right"}], **parts.pop("scale", {})}
    return {"type": "quantitative", "scale": scale, **parts}


def lines(field: str = "id") -> Spec:
    """Return a y channel with one line for each value, in the order of the rows."""
    return {"field": field, "type": "nominal", "sort": None, "axis": None}


def names(field: str = "name", line: str = "id") -> Spec:
    """Return a layer with a name at the left of each line."""
    text = {"expr": short(f"datum.{field}", "names - 8")}
    first = {"window": [{"op": "row_number", "as": "place"}], "groupby": [line]}
    return {
        "transform": [first, {"filter": "datum.place == 1"}],
        "mark": {
            "type": "text",
            "align": "right",
            "x": {"expr": "left - 8"},
            "limit": {"expr": "names"},
            "text": text,
        },
    }


def beside_names(margin: str, **parts: Any) -> Spec:
    """Return a chart whose axis lies between the names and a margin at the right, an expression."""
    spec = chart(**parts)
    edges = [{"name": "left", "expr": "names"}, {"name": "right", "expr": f"width - ({margin})"}]
    return spec | {"params": [*spec["params"], *edges]}
