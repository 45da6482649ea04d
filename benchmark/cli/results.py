"""`lovt-bench results`: what runs predicted, scored anew and handed to other tools; committed records, restored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.console import note, say
from lovt_bench.benchmark.cli.leaderboard_options import results_option
from lovt_bench.benchmark.cli.options import protocol_option, workspace_option
from lovt_bench.benchmark.cli.results_restore import restore
from lovt_bench.benchmark.workspace import workspace_root

if TYPE_CHECKING:
    from lovt_bench.benchmark.contract.run_record import RunRecord
    from lovt_bench.benchmark.engine.record.rescore import Committed, Rescored
    from lovt_bench.leaderboard.board.records import RecordSet

_REASONS = {
    "not kept": "recorded before predictions were kept",
    "missing": "their predictions are not among the results here",
}
"""Why runs were not scored."""


@click.group()
def results() -> None:
    """Score runs anew from their predictions, hand these to other tools, take over committed records.

    \b
    Examples:
      lovt-bench results rescore                 # every run of the workspace
      lovt-bench results rescore mine --tasks 'rsna_*'
      lovt-bench results export --format coco mine --task rsna_frozen_100 --out coco/
      lovt-bench results restore mine            # records that a pull request brought
    """


@results.command()
@click.argument("name", required=False)
@click.option(
    "--tasks",
    "patterns",
    multiple=True,
    metavar="TASKS",
    help="Only these: ids, also with *, numbers or ranges of numbers, with commas between; repeatable.",
)
@results_option
@workspace_option
def rescore(
    name: str | None, patterns: tuple[str, ...], results: Path | None, workspace: Path | None
) -> None:
    """Compute the metrics of final runs anew, of backbone NAME or of all, and compare them to the bit.

    Needs the predictions beside the records and the image stores; nothing is trained, and nothing is written. The exit
    code is 1 if a run has other metrics than its record, or predictions that are not those of the record, or if there
    was nothing to score.

    \b
    Examples:
      lovt-bench results rescore
      lovt-bench results rescore mine --tasks covid_linear,7-9
    """
    root = workspace_root(workspace)
    folder = results or root / "results"
    records = final_records(folder, name, patterns, workspace=root)
    if not tell(rescored(records, folder, root)):
        raise click.exceptions.Exit(1)


@results.command()
@click.argument("name")
@click.option("--task", required=True, help="Id or number.")
@click.option("--format", "form", type=click.Choice(["coco"]), default="coco", show_default=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="A new folder for annotations.json and one seed-SEED.json a run.",
)
@click.option("--run", "key", metavar="KEY", help="Only the run whose key begins so.")
@protocol_option
@results_option
@workspace_option
def export(
    name: str,
    task: str,
    form: str,
    out: Path,
    key: str | None,
    protocol: str,
    results: Path | None,
    workspace: Path | None,
) -> None:
    """Write what the final runs of NAME predict for a task, with the ground truth, in the COCO formats.

    Images are named by their row in the image store: no ID of an image, and so of no patient, is written. Boxes are in
    pixels of the 224 frame, masks have the side of the profile's images.

    \b
    Examples:
      lovt-bench results export mine --task rsna_frozen_100 --out coco/
      lovt-bench results export mine --task 18 --run 3f9a --out nih/
    """
    from lovt_bench.benchmark.engine.record.coco_export import results as coco_results
    from lovt_bench.benchmark.engine.record.coco_export import write_coco
    from lovt_bench.benchmark.engine.record.prediction_reading import PredictionError
    from lovt_bench.benchmark.engine.record.rescore import Stores, stored_predictions

    root = workspace_root(workspace)
    folder = results or root / "results"
    if out.exists():
        raise click.ClickException(f"{out} is there already: name a new folder, so that nothing is mixed")
    stores, runs = Stores(root / "data"), []
    for record in _one_cell(final_records(folder, name, (task,), protocol, root), key):
        try:
            run = stores.run(record)
            runs.append((run, coco_results(run, stored_predictions(run, folder))))
        except PredictionError as error:
            file = record.predictions.file if record.predictions else "its predictions"
            raise click.ClickException(f"{_of(record)}: {file} {error}") from error
        except ValueError as error:
            raise click.ClickException(f"{_of(record)}: {error}") from error
    files = write_coco(out, runs)
    say(f"Written: {out} ({', '.join(file.name for file in files)})")


results.add_command(restore)


def rescored(
    records: Iterable[RunRecord], results: Path, root: Path, committed: Committed | None = None
) -> Iterable[Rescored]:
    """Yield what scoring runs anew against the stores of a workspace gives."""
    from lovt_bench.benchmark.engine.record.rescore import Stores
    from lovt_bench.benchmark.engine.record.rescore import rescore as score

    return score(records, results, Stores(root / "data"), committed)


def tell(found: Iterable[Rescored], version: str = "") -> bool | None:
    """Say what scoring anew gave.

    Args:
        found: Run by run.
        version: Version of a leaderboard, whose predictions may lie elsewhere; without one, they must be there.

    Returns:
        Whether everything is as recorded; None where nothing was scored.
    """
    faults = ("wrong",) if version else ("wrong", "missing")
    outcomes, metrics, reasons = Counter[str](), 0, Counter[str]()
    for one in found:
        outcomes[one.outcome] += 1
        metrics += one.metrics
        if one.outcome in faults:
            say(f"{_of(one.record)}: {one.text}", style="red")
        elif one.outcome != "equal":
            reasons[_REASONS.get(one.outcome, one.text)] += 1
    for text, runs in reasons.items():
        say(f"Not scored, {runs} run(s): {text}")
    before = f"{version}: " if version else ""
    bad = sum(outcomes[name] for name in faults)
    say(
        f"{before}{outcomes['equal']} of {outcomes.total()} final runs scored anew, {metrics} metrics equal to the bit"
        + (f"; {bad} run(s) are not as recorded" if bad else "")
    )
    return False if bad else True if outcomes["equal"] else None


def _of(record: RunRecord) -> str:
    return f"{record.track}/{record.submission}/{record.run.task}, seed {record.run.seed} ({record.key[:12]})"


def final_records(
    folder: Path,
    name: str | None,
    patterns: Sequence[str],
    protocol: str | None = None,
    workspace: Path | None = None,
) -> list[RunRecord]:
    """Return the final runs that are meant, of one protocol or of all; say what was left out in reading them."""
    from lovt_bench.leaderboard.board.records import read_records

    found = read_records(folder)
    tell_notes(found)
    return chosen_records(found, folder, name, patterns, protocol, workspace)


def tell_notes(found: RecordSet) -> None:
    """Say what was left out in reading records."""
    for text in found.notes:
        note(text)


def chosen_records(
    found: RecordSet,
    folder: Path,
    name: str | None,
    patterns: Sequence[str],
    protocol: str | None = None,
    workspace: Path | None = None,
) -> list[RunRecord]:
    """Return the final runs that are meant, of records that were read from a folder; of one protocol or of all.

    Tasks on a workspace's own data are known where it is given.
    """
    from lovt_bench.tasks.registry import select_tasks

    try:
        tasks = {spec.id for spec in select_tasks(patterns, workspace=workspace)}
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    names = sorted({record.submission for record in found.records})
    if name is not None and name not in names:
        raise click.ClickException(f"no run of {name!r} in {folder}; there: {', '.join(names) or 'none'}")
    chosen = [
        record
        for record in found.records
        if name in (None, record.submission) and record.run.task in tasks and record.run.phase == "final"
    ]
    if not chosen:
        raise click.ClickException(
            f"no final run {f'of {name} ' if name else ''}in {folder} for {', '.join(patterns) or 'any task'}; make "
            f"one with: lovt-bench evaluate {name or 'random --profile quick'}"
        )
    there = sorted({record.run.protocol for record in chosen})
    if protocol is not None and protocol not in there:
        raise click.ClickException(
            f"no final run of {name} under protocol {protocol}; there: {', '.join(there)} (give --protocol)"
        )
    return [record for record in chosen if protocol in (None, record.run.protocol)]


def _one_cell(records: list[RunRecord], key: str | None) -> list[RunRecord]:
    """Return the runs that are repetitions of each other."""
    records = [record for record in records if record.status == "ok" and record.key.startswith(key or "")]
    if not records:
        raise click.ClickException(
            f"no final run{f' whose key begins with {key}' if key else ''} that did not diverge"
        )
    cells: dict[str, list[RunRecord]] = {}
    for record in records:
        cell = record.run.model_copy(update={"seed": 0}).key() + record.track
        cells.setdefault(cell, []).append(record)
    if len(cells) > 1:
        keys = ", ".join(
            f"{runs[0].key[:12]} ({runs[0].run.profile}, {runs[0].run.engine})" for runs in cells.values()
        )
        raise click.ClickException(
            f"the runs are of {len(cells)} cells that differ in more than the seed; choose one with --run: {keys}"
        )
    return records
