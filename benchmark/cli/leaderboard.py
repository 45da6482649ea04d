"""`lovt-bench leaderboard`: run records in, a version out; and the version in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

VERSIONS = Path("leaderboard/versions")

_out = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=VERSIONS,
    show_default=True,
    help="Folder of versions.",
)


@click.group()
def leaderboard() -> None:
    """Build and show the leaderboard.

    \b
    Examples:
      lovt-bench leaderboard build                     # workspace/results -> leaderboard/versions/dev
      lovt-bench leaderboard show                      # all tables
      lovt-bench leaderboard show --table phantom      # one of them
      lovt-bench leaderboard show --no-published | less
    """


@leaderboard.command()
@click.option(
    "--results",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of run records.  [default: results in the workspace]",
)
@_out
@click.option(
    "--version", default="dev", show_default=True, help="Name of the version; only dev can be replaced."
)
@click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of everything generated.  [default: $LOVT_BENCH_WORKSPACE or workspace]",
)
def build(results: Path | None, out: Path, version: str, workspace: Path | None) -> None:
    """Turn run records into one version: JSON, CSV, Markdown and their digests.

    Results of different protocols, profiles, tracks or splits never share a table. The published rows are
    a table of their own.

    \b
    Examples:
      lovt-bench leaderboard build
      lovt-bench leaderboard build --results results --version 2026.1
    """
    from importlib.resources import files

    from benchmark.workspace import workspace_root
    from leaderboard.build import build as build_leaderboard
    from leaderboard.descriptions import describe
    from leaderboard.errors import LeaderboardError
    from leaderboard.published.load import load_published
    from leaderboard.records import read_records
    from leaderboard.version import check_version, write_version
    from tasks.registry import load_tasks

    root = workspace_root(workspace)
    source = results or root / "results"
    try:
        check_version(version)
        records = read_records(source)
        names = {record.submission for record in records.records}
        board = build_leaderboard(
            records,
            load_published(),
            load_tasks(),
            describe(names, Path(str(files("submissions"))), root / "backbones"),
            _expected_runs(),
            version,
        )
        target = write_version(board, out)
    except (LeaderboardError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if not records.records:
        click.echo(
            f"No run records in {source}: `lovt-bench evaluate random --profile demo` makes some.", err=True
        )
    for note in board.notes:
        click.echo(f"Note: {note}", err=True)
    for table in board.tables:
        notes = f", {len(table.notes)} note(s)" if table.notes else ""
        click.echo(f"{table.title}: {len(table.rows)} row(s), {len(table.columns)} task(s){notes}")
    click.echo(f"Written: {target / 'leaderboard.md'} (and .json, .csv)")


@leaderboard.command()
@click.argument("version", default="dev")
@click.option("--table", "wanted", metavar="TEXT", default="", help="Only tables whose id contains TEXT.")
@click.option("--no-published", is_flag=True, help="Only our own results.")
@_out
def show(version: str, wanted: str, no_published: bool, out: Path) -> None:
    """Print a version in the terminal; plain text when piped.

    \b
    Examples:
      lovt-bench leaderboard show
      lovt-bench leaderboard show 2026.1 --table published
    """
    from rich.console import Console

    from leaderboard.build import table_ids
    from leaderboard.errors import LeaderboardError
    from leaderboard.terminal import legend, render
    from leaderboard.version import read_version

    try:
        board = read_version(out, version)
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error
    tables = [table for table in table_ids(board, wanted) if not (no_published and table.kind == "published")]
    if not tables:
        known = ", ".join(table.id for table in board.tables) or "none"
        raise click.ClickException(f"no table to show; tables of {version}: {known}")
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=120, no_color=True)
    plain = not console.is_terminal or console.color_system is None
    console.print(legend(plain=plain), style="dim", end="\n\n")
    for table in tables:
        for part in render(table, console.width, plain=plain):
            console.print(part)


def _expected_runs() -> dict[tuple[str, str], int]:
    """Return the number of final runs by the digests of protocol and profile."""
    from benchmark.engine.profile import load_profile, profiles
    from tasks.protocol import load_protocol, protocol_names

    return {
        (protocol.digest(), profile.digest()): len(protocol.runs.final_seeds[: profile.max_runs])
        for protocol in map(load_protocol, protocol_names())
        for profile in map(load_profile, profiles())
    }
