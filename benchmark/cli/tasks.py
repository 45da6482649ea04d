"""`lovt-bench tasks`: what is measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import protocol_option, workspace_option
from lovt_bench.benchmark.workspace import workspace_root

if TYPE_CHECKING:
    from lovt_bench.benchmark.contract.task import Target, TaskSpec


@click.group()
def tasks() -> None:
    """List tasks and suites, show a task, make tasks for own data.

    \b
    Examples:
      lovt-bench tasks list
      lovt-bench tasks list --suite lovt-18-without-siim
      lovt-bench tasks suites
      lovt-bench tasks show rsna_frozen_10
      lovt-bench tasks show 5
      lovt-bench tasks new mine
    """


@tasks.command("list")
@click.option("--suite", metavar="NAME", help="Only the tasks of that suite.")
@workspace_option
def list_tasks(suite: str | None, workspace: Path | None) -> None:
    """Print one line a task: what is learnt, from how many images, and which metric is reported."""
    from tabulate import tabulate

    from lovt_bench.tasks.registry import load_tasks
    from lovt_bench.tasks.suite import load_suite, suite_tasks

    root = workspace_root(workspace)
    try:
        if suite:
            specs = suite_tasks(load_suite(suite, workspace=root), workspace=root)
        else:
            specs = load_tasks(workspace=root)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    rows = [
        [
            spec.number,
            spec.id,
            spec.dataset,
            _percent(spec.train_fraction),
            spec.published_train_images,
            spec.head,
            spec.backbone,
            spec.metric_label,
        ]
        for spec in specs
    ]
    headers = ["nr", "task", "dataset", "train", "images", "head", "backbone", "metric"]
    aligned = ["right", "left", "left", "right", "right", "left", "left", "left"]
    say(tabulate(rows, headers, tablefmt="simple", colalign=aligned, disable_numparse=True), lines=True)


@tasks.command("suites")
@workspace_option
def list_suites(workspace: Path | None) -> None:
    """Print one line a suite: how many tasks count together, and on which datasets. The board ranks by the first."""
    from tabulate import tabulate

    from lovt_bench.tasks.suite import load_suites, suite_tasks

    root = workspace_root(workspace)
    try:
        suites = [(suite, suite_tasks(suite, workspace=root)) for suite in load_suites(workspace=root)]
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    rows = [
        [suite.name, len(specs), ", ".join(dict.fromkeys(spec.dataset for spec in specs))]
        for suite, specs in suites
    ]
    say(tabulate(rows, ["suite", "tasks", "datasets"], tablefmt="simple", disable_numparse=True), lines=True)


@tasks.command()
@click.argument("name")
@click.option("--title", help="How tables call the data set [default: its name].")
@click.option(
    "--targets",
    multiple=True,
    type=click.Choice(["boxes", "masks"]),
    help="What is to be learnt; repeatable [default: boxes if there are any, masks if somebody drew them].",
)
@click.option("--force", is_flag=True, help="Replace files that say something else.")
@protocol_option
@workspace_option
def new(
    name: str,
    title: str | None,
    targets: tuple[Target, ...],
    force: bool,
    protocol: str,
    workspace: Path | None,
) -> None:
    """Write task files and a suite for NAME, a data set of your own that is prepared.

    They go to WORKSPACE/tasks/ and are trained as published tasks of about as many images are (docs/own-data.md).
    Boxes: YOLOv3, frozen and fine-tuned. Masks: linear, U-Net frozen and fine-tuned.

    \b
    Examples:
      lovt-bench tasks new mine
      lovt-bench tasks new mine --title "City hospital" --targets masks
    """
    from lovt_bench.benchmark.contract.base import NAME_RULE, is_name
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.benchmark.data.folders import folder_for
    from lovt_bench.benchmark.data.format import read_manifest
    from lovt_bench.benchmark.data.own.objects import split_notes
    from lovt_bench.benchmark.data.store import ImageStore
    from lovt_bench.tasks.own_data import own_tasks, targets_of, write_own_tasks
    from lovt_bench.tasks.protocol import DEFAULT_PROTOCOL, load_protocol
    from lovt_bench.tasks.registry import load_tasks

    root = workspace_root(workspace)
    if not is_name(name):
        raise click.UsageError(f"NAME is {name!r}; expected {NAME_RULE}")
    try:
        store = folder_for(root / "data", name, load_protocol(protocol).data)
        manifest = read_manifest(store)
        chosen = list(targets) or targets_of(manifest)
        notes = split_notes(manifest, ImageStore.open(store).index, chosen)
        specs = own_tasks(manifest, title or name, chosen, load_tasks(workspace=root))
        files = write_own_tasks(root, name, title or name, specs, force=force)
    except (DataError, FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for line in [*map(str, files), *notes]:
        say(line)
    option = f" --protocol {protocol}" if protocol != DEFAULT_PROTOCOL else ""
    say(f"Next: lovt-bench evaluate random --suite {name} --profile quick{option}")


@tasks.command()
@click.argument("task")
@workspace_option
def show(task: str, workspace: Path | None) -> None:
    """Print everything about TASK, an id or a number.

    \b
    Examples:
      lovt-bench tasks show covid_linear
      lovt-bench tasks show 12
    """
    from lovt_bench.tasks.registry import InvalidTaskError, UnknownTaskError, load_task

    try:
        spec = load_task(task, workspace=workspace_root(workspace))
    except (UnknownTaskError, InvalidTaskError) as error:
        raise click.ClickException(str(error)) from error
    say(f"{spec.number}  {spec.title}")
    fields = _fields(spec)
    width = max(map(len, fields))
    for name, value in fields.items():
        say(f"  {name:<{width}}  {value}")


def _fields(spec: TaskSpec) -> dict[str, str]:
    rates = ", ".join(f"{rate:g}" for rate in spec.learning_rates)
    tuned = "in this order" if len(spec.learning_rates) > 1 else "never tuned"
    fields = {
        "id": spec.id,
        "dataset": f"{spec.dataset}, {spec.target}",
        "classes": ", ".join(spec.classes),
        "training": f"{_percent(spec.train_fraction)} of the split, {spec.published_train_images} images",
        "validation": f"{_percent(spec.validation_fraction)} of the split",
        "head": spec.head,
        "backbone": spec.backbone,
        "batch size": str(spec.batch_size),
        "learning rates": f"{rates} ({tuned})",
    }
    if spec.warm_up is not None:
        fields["warm-up"] = f"{spec.warm_up.steps} steps at {spec.warm_up.learning_rate:g}, backbone frozen"
    return fields | {
        "epochs": f"at most {spec.max_epochs}, patience {spec.patience}",
        "monitor": f"{spec.monitor} on validation",
        "reported": f"{spec.metric} on test ({spec.metric_label})",
        "also exported": ", ".join(spec.extra_metrics) or "nothing",
    }


def _percent(fraction: float) -> str:
    return f"{100 * fraction:g} %"
