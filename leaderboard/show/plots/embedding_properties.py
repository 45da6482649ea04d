"""Properties of embeddings of several backbones: spread, uniformity, covariance (analysis.md section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lovt_bench.leaderboard.show.plots.chart import across, beside_names, lines, names
from lovt_bench.leaderboard.show.plots.theme import INK, SERIES, Spec
from lovt_bench.leaderboard.show.properties import PROPERTIES, on_side

_STEP = 8
"""Pixels between the marks of a backbone."""

_POWER = {
    "condition": {"test": "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 1e-6", "value": 1},
    "value": 0,
}
_POWERS: Spec = {"format": ".0e", "tickCount": 5, "gridOpacity": _POWER, "tickOpacity": _POWER}
"""A logarithmic axis with lines at powers of ten alone, over however few of them it goes."""


@dataclass(frozen=True)
class Family:
    """Properties that one chart shows."""

    title: str
    axis: str
    keys: Mapping[str, str]
    """Name of a property: how its marks are called."""
    note: str
    bound: bool = False
    """Whether 1 is what a uniform distribution on the sphere has."""

    @property
    def log(self) -> bool:
        """Whether the axis is logarithmic."""
        return all(PROPERTIES[name].form == "power" for name in self.keys)


FAMILIES: Mapping[str, Family] = {
    "std": Family(
        "Spread of embeddings",
        "standard deviation × √d",
        {
            "std": "all regions",
            "std_within": "within an image",
            "std_centroids": "centroids of images",
            "global_std": "global",
            "pooled_std": "global, as pooled",
        },
        "Broken line: the bound, reached by a uniform distribution on the sphere. Bars: ± one deviation over samples.",
        bound=True,
    ),
    "uniformity": Family(
        "Uniformity of embeddings",
        "−uniformity",
        {
            "uniformity_within": "within an image",
            "global_uniformity": "global",
            "pooled_uniformity": "global, as pooled",
        },
        "0: all embeddings in one point; 4: spread evenly. Bars: ± one deviation over samples.",
    ),
    "covariance": Family(
        "Redundancy of embeddings",
        "off-diagonal covariance",
        {
            "cov": "all regions",
            "cov_within": "within an image",
            "cov_centroids": "centroids of images",
            "global_cov": "global",
            "pooled_cov": "global, as pooled",
        },
        "Sum of squared covariances between channels, divided by their number. It grows with the spread, too.",
    ),
}
"""By the kind of figure."""


def marks_of(family: Family, side: str, known: Sequence[Mapping[str, float]]) -> list[tuple[str, str, float]]:
    """Return key, kind and offset in pixels of the marks that a line of the chart has.

    Args:
        family: What is shown.
        side: `image` or `report`.
        known: Values of all backbones.
    """
    there = [name for name in family.keys if any(f"{side}.{name}" in values for values in known)]
    return [
        (f"{side}.{name}", on_side(family.keys[name], side), _STEP * (place - (len(there) - 1) / 2))
        for place, name in enumerate(there)
    ]


def property_rows(family: Family, side: str, rows: Sequence[tuple[Spec, Mapping[str, float]]]) -> list[Spec]:
    """Return the rows of a chart: one for each backbone and property that it has.

    Args:
        family: What is shown.
        side: `image` or `report`.
        rows: What a chart needs to know of each backbone (`id`, `name`), and its values.
    """
    marks = marks_of(family, side, [values for _, values in rows])
    return [
        {
            **fields,
            "kind": kind,
            "value": (-1 if PROPERTIES[key.partition(".")[2]].negated else 1) * values[key],
            "spread": None if family.log else values.get(f"{key}.std"),
            "offset": offset,
        }
        for fields, values in rows
        for key, kind, offset in marks
        if key in values and (values[key] > 0 or not family.log)
    ]


def property_chart(family: Family, side: str = "image") -> Spec:
    """Return the chart of `property_rows`."""
    kinds = [on_side(kind, side) for kind in family.keys.values()]
    scale: dict[str, Any] = {"type": "log"} if family.log else {"zero": True, "nice": True}
    axis = _POWERS if family.log else {"tickCount": 6}
    x = across(title=family.axis, scale=scale, axis=axis)

    def channel(values: list[Any]) -> Spec:
        columns = {"expr": "width < 560 ? 2 : 4"}
        legend = {
            "title": None,
            "symbolOpacity": 1,
            "columns": columns,
            "values": {"expr": "kinds['kind']"},
        }
        scale = {"domain": kinds, "range": values}
        return {"field": "kind", "type": "nominal", "sort": None, "legend": legend, "scale": scale}

    colour = channel([colour for colour, _, _ in SERIES[: len(kinds)]])
    beside = {"yOffset": {"expr": "datum.offset"}}
    bound = {
        "mark": {"type": "rule", "strokeDash": [5, 4], "color": INK},
        "encoding": {"x": {**x, "datum": 1}, "y": None},
    }
    ends = [
        {"calculate": f"isValid(datum.spread) ? datum.value {sign} datum.spread : null", "as": end}
        for sign, end in (("-", "low"), ("+", "high"))
    ]
    return beside_names(
        "16",
        height={"step": max(28, _STEP * (len(kinds) + 1))},
        transform=ends,
        encoding={"y": lines()},
        layer=[
            *([bound] if family.bound else []),
            names(),
            {
                "mark": {
                    "type": "rule",
                    "strokeWidth": 0.5,
                    "color": "var(--line)",
                    "x": {"expr": "left"},
                    "x2": {"expr": "right"},
                }
            },
            {
                "transform": [{"filter": "isValid(datum.spread)"}],
                "mark": {"type": "rule", "strokeWidth": 4, "opacity": 0.4, **beside},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "color": colour},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 55, "opacity": 1, **beside},
                "encoding": {
                    "x": {**x, "field": "value"},
                    "color": colour,
                    "shape": channel([shape for _, _, shape in SERIES[: len(kinds)]]),
                },
            },
        ],
    )
