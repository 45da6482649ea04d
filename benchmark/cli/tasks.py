"""`lovt-bench tasks`: what is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from benchmark.cli.console import say

if TYPE_CHECKING:
    from benchmark.contract.task import TaskSpec


@click.group()
def tasks() -> None:
    """List the tasks and show one.

    \b
    Examples:
      lovt-bench tasks list
      lovt-bench tasks show rsna_frozen_10
      lovt-bench tasks show 5
    """


@tasks.command("list")
def list_tasks() -> None:
    """Print one line a task: what is learnt, from how many images, and which metric is reported."""
    from tabulate import tabulate

    from tasks.registry import InvalidTaskError, load_tasks

    try:
        specs = load_tasks()
    except InvalidTaskError as error:
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


@tasks.command()
@click.argument("task")
def show(task: str) -> None:
    """Print everything about TASK, an id or a number.

    \b
    Examples:
      lovt-bench tasks show covid_linear
      lovt-bench tasks show 12
    """
    from tasks.registry import InvalidTaskError, UnknownTaskError, load_task

    try:
        spec = load_task(task)
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
