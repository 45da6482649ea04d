"""How far regions and sentences can be told apart: bars of 1 − assignment (analysis.md section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lovt_bench.leaderboard.show.plots.chart import across, beside_names, lines, names
from lovt_bench.leaderboard.show.plots.theme import INK, SERIES, Spec

NOTE = (
    "1 − modality assignment of regions and of sentences, and their sum in percent: 100 % where the two cannot be told "
    "apart, 0 % where each is clearly its own."
)
KINDS = {"assignment.regions": "regions", "assignment.sentences": "sentences"}


def modality_rows(rows: Sequence[tuple[Spec, Mapping[str, float]]]) -> list[Spec]:
    """Return the rows of the chart: two for each backbone that has both; `label` is the sum in percent."""
    found = []
    for fields, values in rows:
        if all(key in values for key in KINDS):
            parts = {kind: 1 - values[key] for key, kind in KINDS.items()}
            label = f"{100 * sum(parts.values()):.0f} %"
            found += [{**fields, "kind": kind, "value": part, "label": label} for kind, part in parts.items()]
    return found


def modality_chart() -> Spec:
    """Return the chart of `modality_rows`."""
    x = across(title="1 − assignment", scale={"zero": True, "domainMax": 1}, axis={"tickCount": 6})
    colours = {"domain": list(KINDS.values()), "range": [SERIES[0][0], SERIES[5][0]]}
    return beside_names(
        "60",
        height={"step": 24},
        encoding={"y": lines()},
        layer=[
            names(),
            {
                "mark": {"type": "bar", "height": 14},
                "encoding": {
                    "x": {**x, "field": "value", "stack": "zero"},
                    "color": {
                        "field": "kind",
                        "type": "nominal",
                        "sort": None,
                        "legend": {"title": None},
                        "scale": colours,
                    },
                    "order": {"field": "kind"},
                },
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
