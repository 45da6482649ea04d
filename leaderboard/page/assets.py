"""The hand-written files of the page and the plot library that it loads when a plot is shown."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

SCRIPTS = (
    "dom.js",
    "format.js",
    "board.js",
    "route.js",
    "tip.js",
    "filters.js",
    "grid.js",
    "heading.js",
    "main.js",
    "specs.js",
    "plot.js",
    "ranks.js",
    "examples.js",
    "tasks.js",
    "submission.js",
    "compare.js",
    "cost.js",
    "versions.js",
    "app.js",
)
"""In the order in which they run, after `data.js`."""

STYLES = ("page.css", "table.css", "views.css", "print.css")

EARLY = "theme.js"
"""Runs before the first paint, so that a dark page does not flash."""

PLOTS = "vega.js"


def asset_files() -> dict[str, bytes]:
    """Return every asset by relative path."""
    folder = files("leaderboard.page") / "assets"
    own = {f"assets/{name}": (folder / name).read_bytes() for name in (*STYLES, EARLY, *SCRIPTS)}
    return own | {f"assets/{PLOTS}": _plot_library()}


@cache
def _plot_library() -> bytes:
    """Return Vega, Vega-Lite and Vega-Embed as one classic script (about 0.9 MB), carried offline by vl-convert."""
    import vl_convert

    # Nothing of the bundle may leak names into the page but the three that it is known by.
    return f"(() => {{\n{vl_convert.javascript_bundle()}\n}})();\n".encode()
