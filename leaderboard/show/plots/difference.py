"""The difference of two rows on every task, with both of its intervals."""

from __future__ import annotations

from lovt_bench.leaderboard.show.plots.chart import across, beside_names, lines, names
from lovt_bench.leaderboard.show.plots.theme import INK, MARK, QUIET, Spec


def difference_chart() -> Spec:
    """Return the chart. Rows: `value`, `seeds` and `images` (half-widths, may be absent) in percent points."""
    x = across(title="difference, percent points", axis={"tickCount": 8})
    ends = [
        {
            "calculate": f"isValid(datum.{half}) ? datum.value {sign} datum.{half} : null",
            "as": f"{half}_{end}",
        }
        for half in ("seeds", "images")
        for sign, end in (("-", "low"), ("+", "high"))
    ]

    def interval(half: str, **look: object) -> Spec:
        return {
            "transform": [{"filter": f"isValid(datum.{half})"}],
            "mark": {"type": "rule", **look},
            "encoding": {"x": {**x, "field": f"{half}_low"}, "x2": {"field": f"{half}_high"}},
        }

    return beside_names(
        "16",
        height={"step": 24},
        transform=ends,
        encoding={"y": lines()},
        layer=[
            {"mark": {"type": "rule", "color": QUIET}, "encoding": {"x": {**x, "datum": 0}, "y": None}},
            names(),
            interval("images", strokeWidth=1.5, color=INK),
            interval("seeds", strokeWidth=6, opacity=0.35, color=MARK),
            {
                "mark": {"type": "point", "filled": True, "size": 64, "opacity": 1, "color": MARK},
                "encoding": {"x": {**x, "field": "value"}},
            },
        ],
    )
