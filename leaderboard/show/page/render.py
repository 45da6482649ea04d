"""From a version to the files of its page: a pure function, the same version gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lovt_bench.benchmark.contract.example import ExampleSet
from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.show.page.assets import asset_files
from lovt_bench.leaderboard.show.page.charts import chart_file
from lovt_bench.leaderboard.show.page.core import core
from lovt_bench.leaderboard.show.page.details import details
from lovt_bench.leaderboard.show.page.examples import example_files
from lovt_bench.leaderboard.show.page.html import index_html
from lovt_bench.leaderboard.show.page.script import as_script, in_registry


def render_page(
    leaderboard: Leaderboard, examples: Mapping[str, Sequence[ExampleSet]] | None = None
) -> dict[str, bytes]:
    """Return the page's files by relative path with `/`; `index.html` is the one to open.

    Args:
        leaderboard: The version.
        examples: Example predictions on phantom images by submission; they show beside phantom tables only.

    Raises:
        LeaderboardError: An example holds something that is no image.
    """
    example_parts, example_tasks = example_files(leaderboard, examples or {})
    data = core(leaderboard) | {"examples": example_tasks}
    parts = {
        f"details/{table.id}.js": in_registry("LOVT_BENCH_DETAILS", table.id, details(table))
        for table in leaderboard.tables
    }
    return {
        "index.html": index_html(leaderboard),
        "data.js": as_script("window.LOVT_BENCH_BOARD", data),
        "charts.js": chart_file(),
        **parts,
        **example_parts,
        **asset_files(),
    }
