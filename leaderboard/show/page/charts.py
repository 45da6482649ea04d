"""`charts.js`: the specifications of `leaderboard.show.plots` for charts whose rows are chosen on the page."""

from __future__ import annotations

from lovt_bench.leaderboard.show.page.script import as_script
from lovt_bench.leaderboard.show.plots.cost import COSTS, cost_chart
from lovt_bench.leaderboard.show.plots.curves import curve_chart
from lovt_bench.leaderboard.show.plots.embedding_properties import FAMILIES, property_chart
from lovt_bench.leaderboard.show.plots.heatmap import heat_chart
from lovt_bench.leaderboard.show.plots.pair import pair_chart
from lovt_bench.leaderboard.show.plots.property_scores import property_score_chart
from lovt_bench.leaderboard.show.plots.ranks import rank_chart
from lovt_bench.leaderboard.show.plots.scores import score_chart
from lovt_bench.leaderboard.show.plots.theme import SERIES


def chart_file() -> bytes:
    """Return the script; `assets/plot.js` reads it with the first chart."""
    charts = {
        "ranks": rank_chart(),
        "heat": heat_chart(),
        "scores": score_chart(),
        "means": score_chart(runs=False),
        "curves": curve_chart(),
        "pair": pair_chart(),
        **{kind: cost_chart(kind) for kind in COSTS},
        "spread": property_chart(FAMILIES["std"]),
        "property": property_score_chart(log=False),
        "propertyLog": property_score_chart(log=True),
    }
    return as_script("window.LOVT_BENCH_CHARTS", {"charts": charts, "series": len(SERIES)})
