"""How far images and reports lie apart in the space that both are projected to: box plots (analysis.md section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lovt_bench.benchmark.contract.embedding_alignment import Alignment, AlignmentName
from lovt_bench.leaderboard.board.embedding_numbers import ALIGNED
from lovt_bench.leaderboard.show.plots.chart import across, beside_names, lines, names
from lovt_bench.leaderboard.show.plots.theme import INK, SERIES, Spec

Scale = Literal["scaled", "unscaled"]

VECTORS: Mapping[Scale, str] = {"scaled": "vectors of length 1", "unscaled": "vectors as they are projected"}

DISTANCES = (
    "Distances are those of a study's image and report, of a region to what the sentences say of it, of a sentence to "
    "what the regions show of it."
)
BOX = (
    "Box: quartiles and median of all distances. Whiskers: the least and the greatest at most 1.5 lengths of the box "
    "away from it; what lies beyond is not drawn."
)
POINT = (
    "Point, where there is no box plot: the mean distance of image and report, of regions and sentences the root mean "
    "square."
)

_WORDS: Mapping[AlignmentName, str] = {
    "zg_a;zg_b": "image and report",
    "zl_a;zl_b2a": "regions",
    "zl_b;zl_a2b": "sentences",
}

_STEP = 13
"""Pixels between the boxes of a backbone."""


@dataclass(frozen=True)
class Aligned:
    """What is known of the distances of a backbone."""

    fields: Spec
    values: Mapping[str, float]
    """Properties: the means, of vectors of length 1."""
    boxes: Mapping[AlignmentName, Alignment]


def alignment_rows(rows: Sequence[Aligned], scale: Scale) -> list[Spec]:
    """Return the rows of the chart, one for each backbone and distance: its box, or `value`, the mean, without one."""
    found: list[Spec] = []
    for row in rows:
        own: list[Spec] = []
        for name, word in _WORDS.items():
            fields = {**row.fields, "kind": word}
            if box := row.boxes.get(name):
                own.append({**fields, **getattr(box, scale).model_dump()})
            elif scale == "scaled" and ALIGNED[name] in row.values:
                own.append({**fields, "value": row.values[ALIGNED[name]]})
        middle = (len(own) - 1) / 2
        found += [{**each, "offset": _STEP * (place - middle)} for place, each in enumerate(own)]
    return found


def alignment_chart(scale: Scale) -> Spec:
    """Return the chart of `alignment_rows`."""
    x = across(title=f"distance, {VECTORS[scale]}", scale={"zero": True, "nice": True}, axis={"tickCount": 6})
    legend = {"title": None, "symbolType": "square", "values": {"expr": "kinds['kind']"}}
    colours = {"domain": list(_WORDS.values()), "range": [look[0] for look in SERIES[: len(_WORDS)]]}
    colour = {"field": "kind", "type": "nominal", "sort": None, "legend": legend, "scale": colours}

    def at(field: str) -> Spec:
        return {**x, "field": field}

    def layer(shape: Spec, **parts: Spec) -> Spec:
        first = next(iter(parts.values()))["field"]
        return {
            "transform": [{"filter": f"isValid(datum.{first})"}],
            "mark": {"opacity": 1, **shape, "yOffset": {"expr": "datum.offset"}},
            "encoding": {"color": colour, **parts},
        }

    def tick(field: str, size: int, **looks: Spec) -> Spec:
        return layer({"type": "tick", "size": size, "thickness": 1.5}, x=at(field), **looks)

    def span(low: str, high: str, **shape: Any) -> Spec:
        return layer(shape, x=at(low), x2={"field": high})

    return beside_names(
        "16",
        height={"step": 4 * _STEP},
        encoding={"y": lines()},
        layer=[
            names(),
            span("low", "q1", type="rule", strokeWidth=1.5),
            span("q3", "high", type="rule", strokeWidth=1.5),
            tick("low", 6),
            tick("high", 6),
            span("q1", "q3", type="bar", height=9, opacity=0.5),
            tick("median", 9, color={"value": INK}),
            layer({"type": "point", "shape": "diamond", "filled": True, "size": 60}, x=at("value")),
        ],
    )
