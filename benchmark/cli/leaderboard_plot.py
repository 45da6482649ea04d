"""`lovt-bench leaderboard plot`: figures for papers."""

from __future__ import annotations

from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.leaderboard_board import open_board, tables_of
from lovt_bench.benchmark.cli.leaderboard_options import VERSIONS


@click.command()
@click.argument("version", default="dev")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the figures.  [default: figures/VERSION in the workspace]",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(["png", "svg", "pdf"]),
    multiple=True,
    help="May be given several times.  [default: all three]",
)
@click.option("--table", "wanted", metavar="TEXT", default="", help="Only tables whose id contains TEXT.")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(["ranks", "cd", "heatmap", "scores", "curves", "cost", "all"]),
    multiple=True,
    default=["all"],
    show_default=True,
    help="May be given several times.",
)
@click.option(
    "--versions",
    type=click.Path(file_okay=False, path_type=Path),
    default=VERSIONS,
    show_default=True,
    help="Folder of versions.",
)
def plot(
    version: str,
    out: Path | None,
    formats: tuple[str, ...],
    wanted: str,
    kinds: tuple[str, ...],
    versions: Path,
) -> None:
    """Write the figures of a version: mean ranks with 95 % of draws, critical differences, scores as a heat map and for
    each task with intervals, learning curves, and cost against rank. They are the charts of the page, on white.

    Equal versions give equal files (SVG and PNG). What the statistics mean: docs/statistics.md.

    \b
    Examples:
      lovt-bench leaderboard plot
      lovt-bench leaderboard plot 1.0.0 --table published --kind ranks --kind cd --format pdf
      lovt-bench leaderboard plot --out paper/figures --format svg
    """
    from lovt_bench.benchmark.workspace import workspace_root
    from lovt_bench.leaderboard.show.plots.figure import FORMATS
    from lovt_bench.leaderboard.show.plots.write import FIGURES, write_figures

    tables = tables_of(open_board(versions, version), wanted)
    target = out or workspace_root(None) / "figures" / version
    chosen = [kind for kind in FIGURES if kind in kinds or "all" in kinds]
    for table in tables:
        written = list(
            write_figures(table, target, chosen, [form for form in FORMATS if not formats or form in formats])
        )
        why = "" if written else ": it has no two complete rows to compare" if table.rows else ": it is empty"
        say(f"{table.id}: {len(written)} file(s){why}")
    say(f"Written: {target}")
