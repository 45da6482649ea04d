"""Rows of the leaderboard by single test images: the runs that it shows, read from their predictions and the stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.console import note, say
from lovt_bench.benchmark.cli.over_images import distinct_runs

if TYPE_CHECKING:
    from lovt_bench.benchmark.engine.record.image_scores import ScoredImages
    from lovt_bench.benchmark.engine.record.rescore import Stores
    from lovt_bench.leaderboard.board.selection import GroupKey

tasks_option = click.option(
    "--tasks",
    "patterns",
    multiple=True,
    metavar="TASKS",
    help="Only these: ids, also with *, numbers or ranges of numbers, with commas between; repeatable.",
)
table_option = click.option(
    "--table",
    "wanted",
    metavar="TEXT",
    default="",
    help="The table whose id contains TEXT; needed where ROW stands in several.",
)


@dataclass
class ScoredRows:
    """Cells of rows by images, as the leaderboard shows them."""

    key: GroupKey
    cells: list[tuple[str, ScoredImages]]
    """With the row of each."""
    left_out: list[tuple[str, str]]
    """Tasks that have none, and why."""
    results: Path
    """Folder of run records with the predictions beside them."""
    stores: Stores

    def by_task(self) -> dict[str, dict[str, ScoredImages]]:
        """Return the cells by task and row."""
        found: dict[str, dict[str, ScoredImages]] = {}
        for row, cell in self.cells:
            found.setdefault(cell.task, {})[row] = cell
        return found


def scored_rows(
    rows: Sequence[str],
    patterns: Sequence[str],
    wanted: str,
    results: Path | None,
    workspace: Path | None,
) -> ScoredRows:
    """Return the tasks of rows by images: the runs that the leaderboard shows, of the one table that has all rows."""
    from lovt_bench.benchmark.cli.results import chosen_records, tell_notes
    from lovt_bench.benchmark.engine.record.image_scores import NotScored, scored_images
    from lovt_bench.benchmark.engine.record.rescore import Stores
    from lovt_bench.benchmark.submission.declare import submission_roots
    from lovt_bench.benchmark.workspace import workspace_root
    from lovt_bench.leaderboard.board.descriptions import describe
    from lovt_bench.leaderboard.board.notices import read_notices, withdraw
    from lovt_bench.leaderboard.board.records import read_records
    from lovt_bench.leaderboard.board.row_runs import row_runs
    from lovt_bench.leaderboard.board.run_table import controls_of
    from lovt_bench.leaderboard.errors import LeaderboardError
    from lovt_bench.leaderboard.run_plans import expected_by_digests
    from lovt_bench.tasks.registry import load_tasks
    from lovt_bench.tasks.suite import load_suites

    root = workspace_root(workspace)
    folder = results or root / "results"
    try:
        records = withdraw(read_records(folder), read_notices())
        tell_notes(records)
        asked = {
            name: {
                record.run.task for record in chosen_records(records, folder, name, patterns, workspace=root)
            }
            for name in rows
        }
        names = {record.submission for record in records.records}
        described = describe(names, submission_roots(root), root / "backbones", lambda error: None)
        shown = row_runs(
            records.records,
            rows,
            {spec.id: spec.metric for spec in load_tasks(workspace=root)},
            expected_by_digests(),
            list(load_suites(workspace=root)),
            wanted,
            controls_of(described),
        )
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error
    for text in shown.notes:
        note(text)
    stores = Stores(root / "data")
    scored = ScoredRows(shown.key, [], [], folder, stores)
    for name in rows:
        cells = {task: runs for task, runs in shown.of(name).items() if task in asked[name]}
        for item in scored_images(cells, folder, stores):
            if isinstance(item, NotScored):
                scored.left_out.append((item.task, item.text))
            else:
                scored.cells.append((name, item))
                if (count := len(distinct_runs(item))) < (runs := len(item.runs)):
                    note(f"{name}, {item.task}: {count} effective run(s) of {runs}, others repeat one")
    return scored


def table_title(key: GroupKey) -> str:
    """Return which table the cells are of."""
    return (
        f"{key.track.capitalize()} data, {key.splits} splits, profile {key.profile}, protocol {key.protocol}"
    )


def tell_table(key: GroupKey) -> None:
    """Say which table the cells are of."""
    say(table_title(key), style="bold")


def tell_left_out(left_out: Sequence[tuple[str, str]]) -> None:
    """Say which tasks have nothing, and why."""
    for task, text in left_out:
        say(f"Left out, {task}: {text}")
