"""The hand-written files of the page and the plot library that it loads when a plot is shown."""

from __future__ import annotations

from importlib.resources import files

from lovt_bench.leaderboard.line_ends import source_bytes
from lovt_bench.leaderboard.show.page.plot_library import plot_library

SCRIPTS = (
    "dom.js",
    "format.js",
    "board.js",
    "details.js",
    "route.js",
    "parts.js",
    "tip.js",
    "filters.js",
    "grid.js",
    "heading.js",
    "roving.js",
    "main.js",
    "plot.js",
    "ranks.js",
    "examples.js",
    "tasks.js",
    "submission.js",
    "compare.js",
    "cost.js",
    "properties.js",
    "versions.js",
    "app.js",
)
"""In the order in which they run, after `data.js`."""

STYLES = ("page.css", "table.css", "views.css", "print.css")

EARLY = "theme.js"
"""Runs before the first paint, so that a dark page does not flash."""

PLOTS = "vega.js"
"""Loaded by `plot.js` with the first view that has a plot."""


def asset_files() -> dict[str, bytes]:
    """Return every asset by relative path."""
    return {**own_files(), f"assets/{PLOTS}": plot_library()}


def own_files() -> dict[str, bytes]:
    """Return the hand-written ones."""
    folder = files("lovt_bench.leaderboard.show.page") / "assets"
    return {f"assets/{name}": source_bytes(folder / name) for name in (*STYLES, EARLY, *SCRIPTS)}
