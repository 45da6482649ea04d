"""`lovt-bench leaderboard`: run records in, a version out; and the version in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import console, note, say
from lovt_bench.benchmark.cli.leaderboard_board import gather_sources, open_board, tables_of
from lovt_bench.benchmark.cli.leaderboard_compare import compare
from lovt_bench.benchmark.cli.leaderboard_images import intervals, strata
from lovt_bench.benchmark.cli.leaderboard_methods import methods
from lovt_bench.benchmark.cli.leaderboard_options import out_option, results_option
from lovt_bench.benchmark.cli.leaderboard_plot import plot
from lovt_bench.benchmark.cli.leaderboard_release import diff, list_versions, release, verify
from lovt_bench.benchmark.cli.leaderboard_replicate import replicate
from lovt_bench.benchmark.cli.leaderboard_serve import serve, site
from lovt_bench.benchmark.cli.leaderboard_tasks import tasks
from lovt_bench.benchmark.cli.leaderboard_twin import twin
from lovt_bench.benchmark.cli.options import workspace_option

PIPE_WIDTH = 120
"""Characters of a line in a pipe: so many tasks stand side by side."""


@click.group()
def leaderboard() -> None:
    """Build, release, verify and show the leaderboard.

    \b
    Examples:
      lovt-bench leaderboard build                     # workspace/results -> leaderboard/versions/dev
      lovt-bench leaderboard show                      # all tables
      lovt-bench leaderboard show --table phantom      # one of them
      lovt-bench leaderboard show --no-published | less
      lovt-bench leaderboard serve --open              # the page of the newest version
      lovt-bench leaderboard tasks --table published   # what each task tells
      lovt-bench leaderboard methods                   # methods instead of checkpoints
      lovt-bench leaderboard intervals mine            # for other images, from predictions
      lovt-bench leaderboard strata mine               # by sex, age, view, lesion size
      lovt-bench leaderboard replicate                 # are the published values reached here?
      lovt-bench leaderboard twin /hidden              # places on a phantom that nobody saw
      lovt-bench leaderboard release                   # freeze it
      lovt-bench leaderboard verify --all              # rebuild every release from its records
    """


for command in (
    diff,
    list_versions,
    release,
    replicate,
    verify,
    serve,
    site,
    compare,
    plot,
    intervals,
    strata,
    tasks,
    twin,
    methods,
):
    leaderboard.add_command(command)


@leaderboard.command()
@click.option(
    "--over-images",
    is_flag=True,
    help="Also the interval of each cell for other images of the same source, from predictions and image stores: some "
    "seconds a cell.",
)
@results_option
@out_option
@workspace_option
def build(over_images: bool, results: Path | None, out: Path, workspace: Path | None) -> None:
    """Turn run records into the version dev: JSON, CSV, Markdown, LaTeX, the page, and their digests.

    Results of different protocols, profiles, tracks or splits never share a table. The published rows are
    a table of their own. dev is replaced by each build; `release` makes versions that stay, with intervals over images
    if dev has them.

    \b
    Examples:
      lovt-bench leaderboard build
      lovt-bench leaderboard build --results results
      lovt-bench leaderboard build --over-images
    """
    from lovt_bench.leaderboard.errors import LeaderboardError
    from lovt_bench.leaderboard.releases.release import build_development

    try:
        sources = gather_sources(results, workspace, over_images=over_images)
        board, target = build_development(out, sources)
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error
    records, source = sources.records, sources.results
    if not records.records:
        say(f"No run records in {source}: `lovt-bench evaluate random --profile quick` makes some.", err=True)
    for text in board.notes:
        note(text)
    for table in board.tables:
        notes = f", {len(table.notes)} note(s)" if table.notes else ""
        say(f"{table.title}: {len(table.rows)} row(s), {len(table.columns)} task(s){notes}")
    say(f"Written: {target / 'leaderboard.md'} (and .json, .csv, .tex)")
    say(f"The page: {target / 'index.html'}")


@leaderboard.command()
@click.argument("version", default="dev")
@click.option("--table", "wanted", metavar="TEXT", default="", help="Only tables whose id contains TEXT.")
@click.option("--no-published", is_flag=True, help="Only our own results.")
@out_option
def show(version: str, wanted: str, no_published: bool, out: Path) -> None:
    """Print a version in the terminal; plain text when piped.

    \b
    Examples:
      lovt-bench leaderboard show
      lovt-bench leaderboard show 1.2.0 --table published
    """
    from lovt_bench.leaderboard.board.replication import sentences
    from lovt_bench.leaderboard.show.terminal import legend, render

    board = open_board(out, version)
    tables = tables_of(board, wanted)
    shown = [table for table in tables if not (no_published and table.kind == "published")]
    if not shown:
        raise click.ClickException(
            f"every table of {version} that --table names is published: drop --no-published"
        )
    screen = console(pipe_width=PIPE_WIDTH)
    plain = screen.color_system is None
    for text in sentences(board):
        screen.print(text)
    screen.print(legend(plain=plain), style="dim", end="\n\n")
    for table in shown:
        for part in render(table, screen.width, plain=plain):
            screen.print(part)
