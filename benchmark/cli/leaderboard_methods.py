"""`lovt-bench leaderboard methods`: methods by several pre-trainings, instead of checkpoints."""

from __future__ import annotations

from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.leaderboard_board import open_board, tables_of
from lovt_bench.benchmark.cli.leaderboard_options import out_option


@click.command()
@click.argument("version", default="dev")
@click.option("--table", "wanted", metavar="TEXT", default="", help="Only tables whose id contains TEXT.")
@out_option
def methods(version: str, wanted: str, out: Path) -> None:
    """Print what can be said of methods: those with three pre-trainings or more that differ in their seed alone.

    A row of the leaderboard is one checkpoint, and what is said of it holds for that checkpoint. Here the pre-trainings
    of a method form one row, and the variance between them is what tests and intervals count.

    \b
    Examples:
      lovt-bench leaderboard methods
      lovt-bench leaderboard methods 1.2.0 --table phantom
    """
    from tabulate import tabulate

    from lovt_bench.leaderboard.board.methods import NoMethodsError, method_table

    made, without = [], []
    for table in tables_of(open_board(out, version), wanted):
        if table.kind != "runs":
            continue
        try:
            made.append(method_table(table))
        except NoMethodsError as error:
            without.append(str(error))
    for table in made:
        say(table.title, style="bold")
        ranking = table.analysis.rankings[-1] if table.analysis and table.analysis.rankings else None
        places = (
            {item.row: f"{item.first_place} to {item.last_place}" for item in ranking.rows} if ranking else {}
        )
        rows = [
            [
                row.display_name,
                "—" if row.mean_rank is None else f"{row.mean_rank:.2f}",
                places.get(row.id, "—"),
                row.best_on,
            ]
            for row in table.rows
        ]
        headers = ["method", "mean rank", "place (95 %)", "best on"]
        aligned = ["left", "right", "right", "right"]
        say(tabulate(rows, headers, tablefmt="simple", colalign=aligned, disable_numparse=True), lines=True)
        for text in [*(table.analysis.statements if table.analysis else []), *table.notes]:
            say(f"• {text}")
    for text in without:
        say(f"Left out: {text}")
    if not made:
        raise click.ClickException("no table has a method with three pre-trainings")
