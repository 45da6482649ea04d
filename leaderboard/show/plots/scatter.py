"""Points in the plane: embeddings, coloured by the class of their image or by how much of a finding they hold."""

from __future__ import annotations

from collections.abc import Sequence

from lovt_bench.leaderboard.show.plots.chart import SCHEMA
from lovt_bench.leaderboard.show.plots.theme import CLASSES, CONFIG, MARK, NONE, Spec

Points = Sequence[tuple[float, float]]

OTHERS = "another class"
"""What classes are called for which there is no look left: the rarest."""

_SIDE = 560
"""Pixels of the plane's height."""


def class_chart(points: Points, classes: Sequence[str], nothing: str, width: int) -> Spec:
    """Return points by class, with the number of each in the legend.

    Args:
        points: (x, y) of each.
        classes: Of each.
        nothing: The class that stands for none of them; it lies below the others.
        width: Pixels.
    """
    counts = {name: classes.count(name) for name in dict.fromkeys(classes) if name != nothing}
    room = len(CLASSES) - 1
    common = sorted(counts, key=lambda name: (-counts[name], name))
    if len(common) > room:
        common = [*common[: room - 1], OTHERS]
    order = [nothing, *common]
    places = {name: place for place, name in enumerate(order)}
    shown = [places.get(name, len(order) - 1) for name in classes]
    there = sorted(set(shown))
    rows: list[Spec] = [{"x": x, "y": y, "class": place} for (x, y), place in zip(points, shown, strict=True)]
    rows.sort(key=lambda row: row["class"])
    # Names are data: they stand in labels alone.
    labels = {str(place): f"{order[place]} ({shown.count(place):,})" for place in there}

    def channel(looks: list[str]) -> Spec:
        legend = {"title": None, "labelExpr": "labels[datum.value]", "columns": 3, "symbolOpacity": 1}
        return {
            "field": "class",
            "type": "nominal",
            "legend": legend,
            "scale": {"domain": there, "range": looks},
        }

    colours, shapes = (list(part) for part in zip(*(CLASSES[place] for place in there), strict=True))
    encoding = {"color": channel(colours), "shape": channel(shapes)}
    spec = _plane(rows, encoding, width)
    return spec | {"params": [{"name": "labels", "value": labels}]}


def share_chart(points: Points, shares: Sequence[float], title: str, width: int) -> Spec:
    """Return points shaded by a share from 0 to 1; those with more lie above.

    Args:
        points: (x, y) of each.
        shares: Of each.
        title: What the share is, for the legend.
        width: Pixels.
    """
    rows: list[Spec] = [
        {"x": x, "y": y, "share": round(share, 4)} for (x, y), share in zip(points, shares, strict=True)
    ]
    rows.sort(key=lambda row: row["share"])
    legend = {
        "title": title,
        "format": ".0%",
        "values": [0, 0.5, 1],
        "gradientLength": 240,
        "titleLimit": 400,
    }
    colour = {
        "field": "share",
        "type": "quantitative",
        "legend": {**legend, "direction": "horizontal"},
        "scale": {"range": [NONE, MARK], "domain": [0, 1]},
    }
    return _plane(rows, {"color": colour}, width)


def _plane(rows: Sequence[Spec], encoding: Spec, width: int) -> Spec:
    """Return a chart of points without axes: the units of a t-SNE mean nothing."""
    size = 60 if len(rows) < 500 else 18
    place = {"type": "quantitative", "axis": None, "scale": {"zero": False, "nice": False, "padding": 8}}
    return {
        "$schema": SCHEMA,
        "config": CONFIG | {"view": {"stroke": "var(--line)"}},
        "data": {"name": "rows"},
        "datasets": {"rows": list(rows)},
        "width": width,
        "height": _SIDE,
        "mark": {"type": "point", "filled": True, "size": size, "opacity": 0.75},
        "encoding": {"x": {"field": "x", **place}, "y": {"field": "y", **place}, **encoding},
    }
