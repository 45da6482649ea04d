"""`lovt-bench leaderboard tasks`: what each task of a table tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.leaderboard_board import open_board, tables_of
from lovt_bench.benchmark.cli.leaderboard_options import out_option

if TYPE_CHECKING:
    from lovt_bench.leaderboard.statistics.task_value import TaskSuite

HEADERS = ["nr", "task", "reliability", "others", "among best", "other sources", "without", "moved", "hours"]


@click.command()
@click.argument("version", default="dev")
@click.option("--table", "wanted", metavar="TEXT", default="", help="Only tables whose id contains TEXT.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@out_option
def tasks(version: str, wanted: str, as_json: bool, out: Path) -> None:
    """Print what each task tells of the complete rows of a table.

    \b
    reliability    share of the variance that is between rows and not between training seeds
    others         rank correlation (Spearman) with the mean rank over all other tasks
    among best     the same with ranks taken anew among the best eight rows
    other sources  the same as others, over tasks whose images come from elsewhere
    without        rank correlation of the mean ranks with and without the task
    moved          rows whose place changes without it
    hours          mean over rows of what all its runs took, tuning included

    \b
    Examples:
      lovt-bench leaderboard tasks --table published
      lovt-bench leaderboard tasks 1.2.0 --table public --json
    """
    from dataclasses import asdict

    from lovt_bench.benchmark.cli.json_text import json_text
    from lovt_bench.leaderboard.statistics.task_value import TooFewRowsError, task_values

    found, few = [], []
    for table in tables_of(open_board(out, version), wanted):
        if table.kind == "claimed":
            continue
        try:
            found.append((table, task_values(table)))
        except TooFewRowsError as error:
            few.append(str(error))
    if as_json:
        say(json_text({table.id: asdict(suite) for table, suite in found}), lines=True)
    else:
        for table, suite in found:
            say(table.title, style="bold")
            numbers = {column.task: column.number for column in table.columns}
            _tell(suite, numbers)
    for text in few:
        say(f"Left out: {text}", err=as_json)
    if not found:
        raise click.ClickException("no table has enough complete rows to say what a task tells")


def _tell(suite: TaskSuite, numbers: dict[str, int]) -> None:
    from tabulate import tabulate

    from lovt_bench.leaderboard.statistics.task_value import WARNING

    def shown(value: float | None) -> str:
        return "—" if value is None else f"{value:.2f}"

    rows = [
        [
            numbers[item.task],
            item.task,
            shown(item.reliability),
            shown(item.others),
            shown(item.others_best),
            shown(item.sources),
            "—" if item.without is None else f"{item.without:.3f}",
            item.moved,
            "—" if item.seconds is None else f"{item.seconds / 3600:.2f}",
        ]
        for item in suite.tasks
    ]
    aligned = ["right", "left", *["right"] * 7]
    say(tabulate(rows, HEADERS, tablefmt="simple", colalign=aligned, disable_numparse=True), lines=True)
    if suite.linear is not None:
        say(
            f"Tasks with a linear head against the others: rank correlation {shown(suite.linear)} over {suite.rows} "
            f"rows, {shown(suite.linear_best)} among the best {suite.best}."
        )
    say(WARNING)
