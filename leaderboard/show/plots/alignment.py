"""How far images and reports lie apart in the space that both are projected to (analysis.md section 5).

Reports of analyses keep means and extremes, no single distances, so that there are lines where the reference draws
boxes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lovt_bench.leaderboard.show.plots.chart import across, beside_names, lines, names
from lovt_bench.leaderboard.show.plots.theme import SERIES, Spec

NOTE = (
    "Point: mean distance of image and report; of regions and sentences the root mean square distance to what the "
    "other side says of them. All vectors have length 1. Line: ± one deviation over studies for image and report, else "
    "from the least to the greatest distance within a study, means over studies."
)
KINDS = {
    "alignment.global": "image and report",
    "alignment.regions": "regions",
    "alignment.sentences": "sentences",
}
_STEP = 9


def alignment_rows(rows: Sequence[tuple[Spec, Mapping[str, float]]]) -> list[Spec]:
    """Return the rows of the chart: one for each backbone and distance that is known of it."""
    found = []
    for fields, values in rows:
        for place, (key, kind) in enumerate(KINDS.items()):
            if key not in values:
                continue
            value, spread = values[key], values.get(f"{key}.std")
            low, high = (
                (values.get(f"{key}.least"), values.get(f"{key}.most"))
                if spread is None
                else (value - spread, value + spread)
            )
            offset = _STEP * (place - 1)
            found.append({**fields, "kind": kind, "value": value, "low": low, "high": high, "offset": offset})
    return found


def alignment_chart() -> Spec:
    """Return the chart of `alignment_rows`."""
    x = across(title="distance", scale={"zero": True, "nice": True}, axis={"tickCount": 6})
    kinds = list(KINDS.values())

    def channel(values: list[str]) -> Spec:
        legend = {"title": None, "symbolOpacity": 1, "values": {"expr": "kinds['kind']"}}
        scale = {"domain": kinds, "range": values}
        return {"field": "kind", "type": "nominal", "sort": None, "legend": legend, "scale": scale}

    colour = channel([look[0] for look in SERIES[:3]])
    beside = {"yOffset": {"expr": "datum.offset"}}
    return beside_names(
        "16",
        height={"step": 4 * _STEP},
        encoding={"y": lines()},
        layer=[
            names(),
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "rule", "strokeWidth": 4, "opacity": 0.4, **beside},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "color": colour},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 55, "opacity": 1, **beside},
                "encoding": {
                    "x": {**x, "field": "value"},
                    "color": colour,
                    "shape": channel([look[2] for look in SERIES[:3]]),
                },
            },
        ],
    )
