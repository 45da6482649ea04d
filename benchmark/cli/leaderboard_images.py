"""`lovt-bench leaderboard intervals ROW, strata ROW`: what the predictions of single images say of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.leaderboard_options import results_option
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.cli.over_images import distinct_runs

if TYPE_CHECKING:
    from lovt_bench.benchmark.engine.record.image_scores import ScoredImages
    from lovt_bench.leaderboard.board.selection import GroupKey
    from lovt_bench.leaderboard.statistics.strata import Stratum

_tasks_option = click.option(
    "--tasks",
    "patterns",
    multiple=True,
    metavar="TASKS",
    help="Only these: ids, also with *, numbers or ranges of numbers, with commas between; repeatable.",
)
_table_option = click.option(
    "--table",
    "wanted",
    metavar="TEXT",
    default="",
    help="The table whose id contains TEXT; needed where ROW stands in several.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, fractions in full.")


@click.command()
@click.argument("row")
@click.option("--against", metavar="ROW", help="Another row: the difference on the same images, paired.")
@_tasks_option
@_table_option
@_json_option
@results_option
@workspace_option
def intervals(
    row: str,
    against: str | None,
    patterns: tuple[str, ...],
    wanted: str,
    as_json: bool,
    results: Path | None,
    workspace: Path | None,
) -> None:
    """Print 95 % intervals of ROW that hold for other images of the same source and other training seeds.

    Needs the predictions beside the records and the image stores; reads no backbone, trains nothing. The runs are those
    that the leaderboard shows; runs that repeat another count once. The interval of the leaderboard is about training
    seeds alone; "published" is that of the paper (1.96 standard errors of seeds). A learning rate tuned on one seed is
    taken as given. With --against, p is corrected for all tasks that are printed (Holm).

    \b
    Examples:
      lovt-bench leaderboard intervals lovt-30
      lovt-bench leaderboard intervals lovt-30 --against random --tasks 'rsna_*'
    """
    from lovt_bench.benchmark.cli.image_lines import corrected_lines, interval_line, tell_intervals
    from lovt_bench.benchmark.cli.json_text import json_text
    from lovt_bench.leaderboard.statistics.images import NoImageIntervalError, image_interval

    if row == against:
        raise click.ClickException(f"ROW and --against are both {row!r}: name two rows")
    rows = [row] if against is None else [row, against]
    found = _scored(rows, patterns, wanted, results, workspace)
    lines: list[dict[str, Any]] = []
    left_out = found.left_out
    said = {task for task, _ in left_out}
    for task, cells in found.by_task().items():
        if len(cells) < len(rows) and task in said:
            continue
        try:
            if missing := [name for name in rows if name not in cells]:
                raise NoImageIntervalError(f"there is nothing to compare of {', '.join(missing)}")
            if len({(cell.edition, cell.metric) for cell in cells.values()}) > 1:
                raise NoImageIntervalError(f"{row} and {against} were measured on different stores or tasks")
            own, *other = (cells[name] for name in rows)
            interval = image_interval(
                distinct_runs(own), distinct_runs(other[0]) if other else None, own.people
            )
        except NoImageIntervalError as error:
            left_out.append((task, str(error)))
            continue
        lines.append(interval_line(own, distinct_runs(own), interval, alone=against is None))
    lines = corrected_lines(lines)
    if as_json:
        whole = {"row": row, "against": against, **found.key._asdict(), "tasks": lines, "left_out": left_out}
        say(json_text(whole), lines=True)
    else:
        _tell_table(found.key)
        tell_intervals(lines, row, against)
        _tell_left_out(left_out)
    if not lines:
        raise click.ClickException(f"no task of {row} has an interval over images")


@click.command()
@click.argument("row")
@_tasks_option
@_table_option
@_json_option
@results_option
@workspace_option
def strata(
    row: str,
    patterns: tuple[str, ...],
    wanted: str,
    as_json: bool,
    results: Path | None,
    workspace: Path | None,
) -> None:
    """Print the scores of ROW by sex, age band, view and lesion size, and which differ from the rest.

    A gap is the score in a stratum less that in all other images of which the property is known, with its 95 % interval
    for other images and training seeds; p is corrected for all gaps that are printed (Holm). A metric hangs on what a
    stratum holds: large lesions have a larger Dice, and mAP falls where few images have a box, so a gap is a question,
    not yet an unfairness. A mean over classes leaves out those that fewer than ten images (patients) of a side hold.

    \b
    Examples:
      lovt-bench leaderboard strata lovt-30
      lovt-bench leaderboard strata lovt-30 --tasks covid_linear --json
    """
    from lovt_bench.benchmark.cli.image_lines import stratum_line, tell_strata
    from lovt_bench.benchmark.cli.json_text import json_text
    from lovt_bench.benchmark.engine.record.properties import levels_of
    from lovt_bench.leaderboard.statistics.strata import corrected
    from lovt_bench.leaderboard.statistics.strata import strata as strata_of

    scored = _scored([row], patterns, wanted, results, workspace)
    left_out = scored.left_out
    found: list[Stratum] = []
    for _, cell in scored.cells:
        levels = levels_of(cell.index)
        if not levels:
            left_out.append((cell.task, "its store knows neither people nor lesions; prepare it again"))
        found += strata_of(cell.task, distinct_runs(cell), levels, cell.people, cell.classes)
    found = corrected(found)
    if as_json:
        lines = [stratum_line(item) for item in found]
        say(
            json_text({"row": row, **scored.key._asdict(), "strata": lines, "left_out": left_out}), lines=True
        )
    else:
        _tell_table(scored.key)
        tell_strata(found)
        _tell_left_out(left_out)
    if not found:
        raise click.ClickException(f"no task of {row} has strata")


@dataclass
class _Scored:
    """Cells of rows by images, as the leaderboard shows them."""

    key: GroupKey
    cells: list[tuple[str, ScoredImages]]
    """With the row of each."""
    left_out: list[tuple[str, str]]
    """Tasks that have none, and why."""

    def by_task(self) -> dict[str, dict[str, ScoredImages]]:
        """Return the cells by task and row."""
        found: dict[str, dict[str, ScoredImages]] = {}
        for row, cell in self.cells:
            found.setdefault(cell.task, {})[row] = cell
        return found


def _scored(
    rows: Sequence[str],
    patterns: Sequence[str],
    wanted: str,
    results: Path | None,
    workspace: Path | None,
) -> _Scored:
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
            name: {record.run.task for record in chosen_records(records, folder, name, patterns)}
            for name in rows
        }
        names = {record.submission for record in records.records}
        described = describe(names, submission_roots(root), root / "backbones", lambda error: None)
        shown = row_runs(
            records.records,
            rows,
            {spec.id: spec.metric for spec in load_tasks()},
            expected_by_digests(),
            list(load_suites()),
            wanted,
            controls_of(described),
        )
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error
    for note in shown.notes:
        say(f"Note: {note}", err=True)
    stores, scored = Stores(root / "data"), _Scored(shown.key, [], [])
    for name in rows:
        cells = {task: runs for task, runs in shown.of(name).items() if task in asked[name]}
        for item in scored_images(cells, folder, stores):
            if isinstance(item, NotScored):
                scored.left_out.append((item.task, item.text))
            else:
                scored.cells.append((name, item))
                if (count := len(distinct_runs(item))) < (runs := len(item.runs)):
                    say(
                        f"Note: {name}, {item.task}: {count} effective run(s) of {runs}, others repeat one",
                        err=True,
                    )
    return scored


def _tell_table(key: GroupKey) -> None:
    say(
        f"{key.track.capitalize()} data, {key.splits} splits, profile {key.profile}, protocol {key.protocol}",
        style="bold",
    )


def _tell_left_out(left_out: Sequence[tuple[str, str]]) -> None:
    for task, text in left_out:
        say(f"Left out, {task}: {text}")
