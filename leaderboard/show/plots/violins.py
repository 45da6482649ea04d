"""Distributions side by side: their densities as violins, with the quartiles within."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lovt_bench.leaderboard.show.plots.chart import SCHEMA
from lovt_bench.leaderboard.show.plots.theme import CONFIG, INK, MARK, Spec

_HEIGHT = 360
_ROOM = 0.46
"""Half the width of the widest violin, in steps from one violin to the next."""

_LEAST = 0.1
"""Half the length of a quartile's line at least."""


@dataclass(frozen=True)
class Violin:
    """One distribution."""

    x: float
    count: int
    quartiles: tuple[float, float, float]
    values: Sequence[float]
    density: Sequence[float]
    """At each of `values`, from 0 to 1."""


def violin_chart(violins: Sequence[Violin], step: float, titles: tuple[str, str], width: int) -> Spec:
    """Return violins whose width says how many values there are.

    Args:
        violins: From left to right.
        step: From one x to the next.
        titles: Of both axes.
        width: Pixels.
    """
    most = max(violin.count for violin in violins)
    shapes: list[Spec] = []
    marks: list[Spec] = []
    for violin in violins:
        half = _ROOM * step * violin.count / most
        for value, density in zip(violin.values, violin.density, strict=True):
            room = half * density
            shapes.append(_row(violin.x, value, room))
        for name, value in zip(("low", "median", "high"), violin.quartiles, strict=True):
            marks.append(
                {**_row(violin.x, value, max(half * _at(violin, value), _LEAST * step)), "part": name}
            )
    x: Spec = {"field": "left", "type": "quantitative", "title": titles[0]}
    ends = {"domain": [violins[0].x - step / 2, violins[-1].x + step / 2], "nice": False, "zero": False}
    ticks = {"values": [violin.x for violin in violins], "format": ".1f", "grid": False}
    y = {"field": "value", "type": "quantitative", "title": titles[1], "scale": {"zero": False}}
    across: Spec = {"x": {**x, "axis": ticks, "scale": ends}, "x2": {"field": "right"}, "y": y}
    body = {"type": "area", "orient": "horizontal", "color": MARK, "opacity": 0.45, "line": False}
    lines = {"type": "rule", "color": INK, "strokeWidth": 1.5}
    dash = {"condition": {"test": "datum.part != 'median'", "value": [3, 2]}, "value": [1, 0]}
    middle = {"type": "line", "color": MARK, "strokeWidth": 1.5, "point": {"color": MARK, "size": 30}}
    at = {"x": {**across["x"], "field": "x"}, "y": y}
    return {
        "$schema": SCHEMA,
        "config": CONFIG,
        "datasets": {"shapes": shapes, "marks": marks},
        "width": width,
        "height": _HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "layer": [
            {"data": {"name": "shapes"}, "mark": body, "encoding": {**across, "detail": {"field": "x"}}},
            {"data": {"name": "marks"}, "mark": lines, "encoding": {**across, "strokeDash": dash}},
            {
                "data": {"name": "marks"},
                "transform": [{"filter": "datum.part == 'median'"}],
                "mark": middle,
                "encoding": at,
            },
        ],
    }


def _row(x: float, value: float, room: float) -> Spec:
    return {"x": x, "value": round(value, 5), "left": round(x - room, 6), "right": round(x + room, 6)}


def _at(violin: Violin, value: float) -> float:
    """Return the density at a value, between those that are given."""
    pairs = zip(violin.values, violin.density, strict=True)
    return min(pairs, key=lambda pair: abs(pair[0] - value))[1]
