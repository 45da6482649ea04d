"""Mean ranks with the range of 95 % of draws, best on top."""

from __future__ import annotations

from collections.abc import Sequence

from lovt_bench.benchmark.contract.analysis import Ranking, RankInterval
from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.show.plots.chart import across, beside_names, lines, names
from lovt_bench.leaderboard.show.plots.choice import row_fields
from lovt_bench.leaderboard.show.plots.theme import INK, QUIET, SUNK, Spec, by_supervision


def rank_chart() -> Spec:
    """Return the chart.

    Rows: `rank`, `low`, `high`, `other` (mean rank under the other balance), `tied` (not told apart from the first).
    """
    x = across(
        title="mean rank (1 is best)",
        scale={"zero": False, "nice": False, "padding": 8},
        axis={"tickMinStep": 1},
    )
    tooltip = [{"field": "name", "title": "row"}] + [
        {"field": field, "format": ".2f", "title": title}
        for field, title in (("rank", "mean rank"), ("low", "from"), ("high", "to"))
    ]
    cross = "M-.7-.7L.7.7M-.7.7L.7-.7"
    return beside_names(
        "16",
        height={"step": 20},
        encoding={"y": lines()},
        layer=[
            {
                "transform": [{"filter": "datum.tied"}],
                "mark": {"type": "rect", "color": SUNK, "opacity": 0.6, "x": 0, "x2": "width"},
            },
            names(),
            {
                "mark": {"type": "rule", "strokeWidth": 1.3, "color": INK},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            *(
                {
                    "mark": {"type": "tick", "thickness": 1.3, "size": 8, "color": INK},
                    "encoding": {"x": {**x, "field": end}},
                }
                for end in ("low", "high")
            ),
            {
                "mark": {
                    "type": "point",
                    "shape": cross,
                    "size": 30,
                    "stroke": QUIET,
                    "strokeWidth": 1.2,
                    "opacity": 1,
                    "filled": False,
                },
                "encoding": {"x": {**x, "field": "other"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 64, "opacity": 1},
                "encoding": {"x": {**x, "field": "rank"}, "tooltip": tooltip, **by_supervision()},
            },
        ],
    )


def rank_rows(table: Table, ranking: Ranking, other: Ranking, shown: Sequence[RankInterval]) -> list[Spec]:
    """Return the rows of the chart; places among all rows of the ranking count."""
    fields = {row.id: row_fields(row) for row in table.rows}
    elsewhere = {item.row: item.mean_rank for item in other.rows}
    shaded = tied(ranking)
    return [
        {
            **fields[item.row],
            "rank": item.mean_rank,
            "low": item.low,
            "high": item.high,
            "other": elsewhere[item.row],
            "tied": item.row in shaded,
        }
        for item in shown
    ]


def tied(ranking: Ranking) -> set[str]:
    """Return the first row and those that cannot be told apart from it, of older boards its first group; none where all
    can.
    """
    last = max((last for first, last in ranking.groups if first == 0), default=0)
    alike = ranking.alike or [item.row for item in ranking.rows[1 : last + 1]]
    return {ranking.rows[0].row, *alike} if alike else set()
