"""`lovt-bench leaderboard compare A B`: two rows against each other in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli.leaderboard_options import out_option


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--table", "wanted", metavar="TEXT", default="", help="Only tables whose id contains TEXT.")
@click.option("--version", default="dev", show_default=True, help="Version to read.")
@out_option
def compare(first: str, second: str, wanted: str, version: str, out: Path) -> None:
    """Compare rows FIRST and SECOND on every task, in each table that has both.

    Rows are named by their id. A difference is FIRST minus SECOND in percent points, with its 95 % interval (Welch);
    p is corrected over the tasks (Holm). What the tests assume: docs/statistics.md.

    \b
    Examples:
      lovt-bench leaderboard compare lovt-30 clip-30
      lovt-bench leaderboard compare mine lovt --table phantom
    """
    from rich.console import Console

    from leaderboard.build import table_ids
    from leaderboard.comparison import render_comparison
    from leaderboard.errors import LeaderboardError
    from leaderboard.version import read_version

    try:
        board = read_version(out, version)
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error
    if first == second:
        raise click.ClickException(f"FIRST and SECOND are both {first!r}: name two rows")
    looked = [table for table in table_ids(board, wanted) if table.kind != "claimed"]
    tables = [table for table in looked if {first, second} <= {row.id for row in table.rows}]
    if not tables:
        lines = [f"  {table.id}: {', '.join(row.id for row in table.rows[:40])}" for table in looked]
        raise click.ClickException(
            f"no table of {version} has both {first!r} and {second!r}; rows by table:\n"
            + ("\n".join(lines) or "  none")
        )
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=110, no_color=True)
    for table in tables:
        for part in render_comparison(table, first, second):
            console.print(part)
