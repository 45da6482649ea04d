"""`lovt-bench leaderboard intervals ROW, strata ROW`: what the predictions of single images say of a row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.leaderboard_options import results_option
from lovt_bench.benchmark.cli.options import protocol_option, workspace_option

if TYPE_CHECKING:
    from lovt_bench.benchmark.engine.record.image_scores import NotScored, ScoredImages
    from lovt_bench.leaderboard.statistics.images import ImageInterval
    from lovt_bench.leaderboard.statistics.strata import Stratum

_tasks_option = click.option(
    "--tasks",
    "patterns",
    multiple=True,
    metavar="TASKS",
    help="Only these: ids, also with *, numbers or ranges of numbers, with commas between; repeatable.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, fractions in full.")


@click.command()
@click.argument("row")
@click.option("--against", metavar="ROW", help="Another row: the difference on the same images, paired.")
@_tasks_option
@_json_option
@protocol_option
@results_option
@workspace_option
def intervals(
    row: str,
    against: str | None,
    patterns: tuple[str, ...],
    as_json: bool,
    protocol: str,
    results: Path | None,
    workspace: Path | None,
) -> None:
    """Print 95 % intervals of ROW that hold for other images of the same source and other training seeds.

    Needs the predictions beside the records and the image stores; reads no backbone, trains nothing. The interval of
    the leaderboard is about training seeds alone; "published" is that of the paper (1.96 standard errors of seeds). A
    learning rate tuned on one seed is taken as given.

    \b
    Examples:
      lovt-bench leaderboard intervals lovt-30
      lovt-bench leaderboard intervals lovt-30 --against random --tasks 'rsna_*'
    """
    from lovt_bench.benchmark.cli.json_text import json_text
    from lovt_bench.leaderboard.statistics.images import NoImageIntervalError, image_interval

    if row == against:
        raise click.ClickException(f"ROW and --against are both {row!r}: name two rows")
    cells, left_out = _scored(row, patterns, protocol, results, workspace)
    others = {}
    if against is not None:
        found, more = _scored(against, patterns, protocol, results, workspace)
        others, left_out = {cell.task: cell for cell in found}, [*left_out, *more]
    lines: list[dict[str, Any]] = []
    for cell in cells:
        other = others.get(cell.task)
        try:
            if against is None:
                interval = image_interval(cell.runs, people=cell.people)
            elif other is None:
                continue
            elif other.dataset_sha256 != cell.dataset_sha256 or other.metric != cell.metric:
                raise NoImageIntervalError(f"{row} and {against} were measured on different stores")
            else:
                interval = image_interval(cell.runs, other.runs, cell.people)
        except NoImageIntervalError as error:
            left_out.append((cell.task, str(error)))
            continue
        lines.append(_line(cell, interval) | ({} if against else {"interval95_normal": _published(cell)}))
    if as_json:
        say(json_text({"row": row, "against": against, "tasks": lines, "left_out": left_out}), lines=True)
    else:
        _tell_intervals(lines, row, against)
        _tell_left_out(left_out)
    if not lines:
        raise click.ClickException(f"no task of {row} has an interval over images")


@click.command()
@click.argument("row")
@_tasks_option
@_json_option
@protocol_option
@results_option
@workspace_option
def strata(
    row: str,
    patterns: tuple[str, ...],
    as_json: bool,
    protocol: str,
    results: Path | None,
    workspace: Path | None,
) -> None:
    """Print the scores of ROW by sex, age band, view and lesion size, and which differ from the rest.

    A gap is the score in a stratum less that in all other images of which the property is known, with its 95 % interval
    for other images and training seeds; p is corrected for all gaps that are printed (Holm). A metric hangs on what a
    stratum holds: large lesions have a larger Dice, and mAP falls where few images have a box, so a gap is a question,
    not yet an unfairness.

    \b
    Examples:
      lovt-bench leaderboard strata lovt-30
      lovt-bench leaderboard strata lovt-30 --tasks covid_linear --json
    """
    from lovt_bench.benchmark.cli.json_text import json_text
    from lovt_bench.benchmark.engine.record.properties import levels_of
    from lovt_bench.leaderboard.statistics.strata import corrected
    from lovt_bench.leaderboard.statistics.strata import strata as strata_of

    cells, left_out = _scored(row, patterns, protocol, results, workspace)
    found: list[Stratum] = []
    for cell in cells:
        levels = levels_of(cell.index)
        if not levels:
            left_out.append((cell.task, "its store knows neither people nor lesions; prepare it again"))
        found += strata_of(cell.task, cell.runs, levels, cell.people)
    found = corrected(found)
    if as_json:
        lines = [_stratum_line(item) for item in found]
        say(json_text({"row": row, "strata": lines, "left_out": left_out}), lines=True)
    else:
        _tell_strata(found)
        _tell_left_out(left_out)
    if not found:
        raise click.ClickException(f"no task of {row} has strata")


def _scored(
    row: str, patterns: Sequence[str], protocol: str, results: Path | None, workspace: Path | None
) -> tuple[list[ScoredImages], list[tuple[str, str]]]:
    """Return the tasks of a row by images, and why others are left out."""
    from lovt_bench.benchmark.cli.results import final_records
    from lovt_bench.benchmark.engine.record.image_scores import NotScored, scored_images
    from lovt_bench.benchmark.engine.record.rescore import Stores
    from lovt_bench.benchmark.workspace import workspace_root

    root = workspace_root(workspace)
    folder = results or root / "results"
    found = list(scored_images(final_records(folder, row, patterns, protocol), folder, Stores(root / "data")))
    left_out: list[NotScored] = [item for item in found if isinstance(item, NotScored)]
    cells = [item for item in found if not isinstance(item, NotScored)]
    return cells, [(item.task, item.text) for item in left_out]


def _line(cell: ScoredImages, interval: ImageInterval) -> dict[str, Any]:
    return {
        "task": cell.task,
        "metric": cell.metric,
        "runs": len(cell.runs),
        "images": cell.runs[0].images,
        "patients": None if cell.people is None else len(set(cell.people)),
        **_numbers(interval),
    }


def _published(cell: ScoredImages) -> float | None:
    """Return the half-width that the published study gives: other seeds alone, 1.96 standard errors."""
    import numpy as np

    from lovt_bench.leaderboard.statistics.summary import normal_half_width

    whole = np.ones((1, cell.runs[0].images))
    return normal_half_width([float(run.values(whole)[0]) for run in cell.runs])


def _numbers(interval: ImageInterval) -> dict[str, float]:
    return {
        "value": interval.value,
        "interval95": interval.half_width(),
        "share_of_seeds": interval.seeds,
        "p": interval.p,
    }


def _stratum_line(item: Stratum) -> dict[str, Any]:
    return {
        "task": item.task,
        "property": item.trait,
        "level": item.level,
        "images": item.images,
        "score": None if item.score is None else _numbers(item.score),
        "gap": None if item.gap is None else _numbers(item.gap),
        "p_holm": item.p,
        "flagged": item.flagged,
        "text": item.text,
    }


def _tell_intervals(lines: Sequence[dict[str, Any]], row: str, against: str | None) -> None:
    if not lines:
        return
    from tabulate import tabulate

    what = f"{row} less {against}, in percent points" if against else f"{row}, in percent"
    say(f"{what}: mean ± half-width of the 95 % interval for other images of the same source and other seeds")
    rows = [
        [
            line["task"],
            line["metric"],
            f"{100 * line['value']:{'+' if against else ''}.1f} ± {100 * line['interval95']:.1f}",
            f"{100 * line['share_of_seeds']:.0f} %",
            line["runs"],
            line["images"],
            "—" if line["patients"] is None else line["patients"],
            f"{line['p']:.2g}" if against else f"± {100 * line['interval95_normal']:.1f}",
        ]
        for line in lines
    ]
    headers = [
        "task",
        "metric",
        "mean",
        "of seeds",
        "runs",
        "images",
        "patients",
        "p" if against else "published",
    ]
    aligned = ["left", "left", *["right"] * (len(headers) - 2)]
    say(tabulate(rows, headers, tablefmt="simple", colalign=aligned, disable_numparse=True), lines=True)


def _tell_strata(found: Sequence[Stratum]) -> None:
    if not found:
        return
    from tabulate import tabulate

    def shown(interval: ImageInterval | None, sign: str = "") -> str:
        if interval is None:
            return "—"
        return f"{100 * interval.value:{sign}.1f} ± {100 * interval.half_width():.1f}"

    rows = [
        [
            item.task,
            item.trait,
            item.level,
            item.images,
            shown(item.score),
            shown(item.gap, "+"),
            "—" if item.p is None else f"{item.p:.2g}",
            "differs" if item.flagged else item.text,
        ]
        for item in found
    ]
    headers = ["task", "property", "stratum", "images", "score", "gap", "p (Holm)", ""]
    aligned = ["left", "left", "left", "right", "right", "right", "right", "left"]
    say(tabulate(rows, headers, tablefmt="simple", colalign=aligned, disable_numparse=True), lines=True)
    tested = sum(item.p is not None for item in found)
    flagged = sum(item.flagged for item in found)
    say(f"{flagged} of {tested} gaps differ from 0 at 5 % (Holm over all of them).")


def _tell_left_out(left_out: Sequence[tuple[str, str]]) -> None:
    for task, text in left_out:
        say(f"Left out, {task}: {text}")
