"""`lovt-bench leaderboard intervals ROW, strata ROW`: what the predictions of single images say of a row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.leaderboard_options import results_option
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.cli.over_images import distinct_runs
from lovt_bench.benchmark.cli.scored_rows import (
    scored_rows,
    table_option,
    tasks_option,
    tell_left_out,
    tell_table,
)

if TYPE_CHECKING:
    from lovt_bench.leaderboard.statistics.strata import Stratum

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, fractions in full.")


@click.command()
@click.argument("row")
@click.option("--against", metavar="ROW", help="Another row: the difference on the same images, paired.")
@tasks_option
@table_option
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
    found = scored_rows(rows, patterns, wanted, results, workspace)
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
        tell_table(found.key)
        tell_intervals(lines, row, against)
        tell_left_out(left_out)
    if not lines:
        raise click.ClickException(f"no task of {row} has an interval over images")


@click.command()
@click.argument("row")
@tasks_option
@table_option
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

    scored = scored_rows([row], patterns, wanted, results, workspace)
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
        tell_table(scored.key)
        tell_strata(found)
        tell_left_out(left_out)
    if not found:
        raise click.ClickException(f"no task of {row} has strata")
