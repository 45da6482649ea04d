"""Mean rank against what a row costs: the shape is the family of its network, the colour what it learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lovt_bench.benchmark.contract.leaderboard import Row
from lovt_bench.leaderboard.show.layout import network
from lovt_bench.leaderboard.show.plots.chart import chart
from lovt_bench.leaderboard.show.plots.choice import row_fields
from lovt_bench.leaderboard.show.plots.theme import SHAPES, Spec, by_supervision_and_family

COSTS: Mapping[str, tuple[str, str]] = {
    "seconds": ("time of evaluation", "seconds of all runs, tuning included"),
    "parameters": ("parameters", "parameters of the backbone"),
    "gmac": ("multiply-adds", "multiply-adds of one image, in 10⁹ (GMAC)"),
}
"""What is counted: its name, and the title of its axis."""

LEGEND = "Shape: family of the network; colour: what a row learned from."

_LABELLED = 40
"""Names of more rows would lie upon each other."""


def cost_chart(kind: str) -> Spec:
    """Return the chart of one cost. Rows: `cost` and `rank`."""
    _, title = COSTS[kind]
    tooltip = [
        {"field": "name", "title": "row"},
        {"field": "rank", "title": "mean rank", "format": ".2f"},
        {"field": "cost", "title": title, "format": ",.3~s"},
        {"field": "family", "title": "network"},
    ]
    room = f"(count <= {_LABELLED} && width > 560 ? 180 : 20)"
    name = {
        "type": "text",
        "align": "left",
        "dx": 8,
        "dy": 1,
        "limit": 170,
        "text": {"expr": f"count <= {_LABELLED} && width > 560 ? datum.name : ''"},
    }
    return chart(
        height=400,
        encoding={
            "x": {
                "field": "cost",
                "type": "quantitative",
                "scale": {"type": "log", "nice": False, "range": [16, {"expr": f"width - {room}"}]},
                "title": title,
                "axis": {"grid": False, "tickCount": 6, "format": "~s"},
            },
            "y": {
                "field": "rank",
                "type": "quantitative",
                "scale": {"reverse": True, "zero": False, "nice": True},
                "title": "mean rank (better is up)",
            },
        },
        layer=[
            {
                "mark": {"type": "point", "size": 70, "filled": True, "opacity": 0.85},
                "encoding": {"tooltip": tooltip, **by_supervision_and_family()},
            },
            {"mark": name},
        ],
        autosize={"type": "fit-x", "contains": "padding"},
    )


def costs_of(row: Row) -> dict[str, float | None]:
    """Return what a row costs, by kind."""
    seconds = [cell.cost.seconds for cell in row.cells if cell.cost]
    facts = network(row)
    return {
        "seconds": sum(seconds) if seconds else None,
        "parameters": row.parameters,
        "gmac": facts.gmac if facts else None,
    }


def family_word(row: Row) -> str:
    """Return how charts and tables call the family of a row's network."""
    facts = network(row)
    return SHAPES[facts.family if facts else None][0]


def cost_rows(rows: Sequence[Row], kind: str) -> list[Spec]:
    """Return the rows of the chart: those with a mean rank and a known cost."""
    return [
        {**row_fields(row), "cost": cost, "rank": row.mean_rank, "family": family_word(row)}
        for row in rows
        if row.mean_rank is not None and (cost := costs_of(row)[kind])
    ]
