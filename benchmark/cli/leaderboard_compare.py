"""`lovt-bench leaderboard compare A B`: two rows against each other in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import console
from lovt_bench.benchmark.cli.leaderboard_board import open_board, tables_of
from lovt_bench.benchmark.cli.leaderboard_options import out_option

PIPE_WIDTH = 110
"""Characters of a line in a pipe."""


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
    from lovt_bench.benchmark.contract.unknown import unknown
    from lovt_bench.leaderboard.show.comparison import render_comparison

    board = open_board(out, version)
    if first == second:
        raise click.ClickException(f"FIRST and SECOND are both {first!r}: name two rows")
    looked = [table for table in tables_of(board, wanted) if table.kind != "claimed"]
    rows = sorted({row.id for table in looked for row in table.rows})
    for name in (first, second):
        if name not in rows:
            raise click.ClickException(f"{unknown('row', name, rows)} (of {version})")
    tables = [table for table in looked if {first, second} <= {row.id for row in table.rows}]
    if not tables:
        lines = [f"  {table.id}: {', '.join(row.id for row in table.rows[:40])}" for table in looked]
        raise click.ClickException(
            f"no table of {version} has both {first!r} and {second!r}; rows by table:\n"
            + ("\n".join(lines) or "  none")
        )
    screen = console(pipe_width=PIPE_WIDTH)
    for table in tables:
        for part in render_comparison(table, first, second):
            screen.print(part)
