"""Two rows on every task."""

from __future__ import annotations

from lovt_bench.leaderboard.show.plots.chart import across, beside_names, lines, names
from lovt_bench.leaderboard.show.plots.theme import Spec, by_series


def pair_chart() -> Spec:
    """Return the chart. Rows: one for each row and task: `task`, its `title`, `mean` and `half` as fractions."""
    x = across(title="score, %", scale={"zero": False}, axis={"tickCount": 8})
    percent = [
        {"calculate": f"100 * (datum.mean {part})", "as": field}
        for field, part in (("score", ""), ("low", "- datum.half"), ("high", "+ datum.half"))
    ]
    # Titles cut at the end would all read the same on a phone.
    title = "width < 560 ? replace(datum.title, 'fine-tuned', 'tuned') : datum.title"
    tooltip = [{"field": "title", "title": "task"}, {"field": "name", "title": "row"}]
    tooltip += [{"field": field, "format": ".1f"} for field in ("score", "low", "high")]
    channels = by_series(dashes=False)
    return beside_names(
        "16",
        height={"step": 24},
        transform=[*percent, {"calculate": title, "as": "title"}],
        encoding={"y": lines("task")},
        layer=[
            names("title", "task"),
            {
                "mark": {"type": "point", "size": 70, "filled": True, "opacity": 1},
                "encoding": {"x": {**x, "field": "score"}, "tooltip": tooltip, **channels},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 4, "opacity": 0.45},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "color": channels["color"]},
            },
        ],
    )
