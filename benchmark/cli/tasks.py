"""`lovt-bench tasks`: what is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.console import say

if TYPE_CHECKING:
    from lovt_bench.benchmark.contract.task import TaskSpec


@click.group()
def tasks() -> None:
    """List tasks and suites, and show a task.

    \b
    Examples:
      lovt-bench tasks list
      lovt-bench tasks list --suite lovt-18-without-siim
      lovt-bench tasks suites
      lovt-bench tasks show rsna_frozen_10
      lovt-bench tasks show 5
    """


@tasks.command("list")
@click.option("--suite", metavar="NAME", help="Only the tasks of that suite.")
def list_tasks(suite: str | None) -> None:
    """Print one line a task: what is learnt, from how many images, and which metric is reported."""
    from tabulate import tabulate

    from lovt_bench.tasks.registry import load_tasks
    from lovt_bench.tasks.suite import load_suite, suite_tasks

    try:
        specs = suite_tasks(load_suite(suite)) if suite else load_tasks()
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
def list_suites() -> None:
    """Print one line a suite: how many tasks count together, and on which datasets. The board ranks by the first."""
    from tabulate import tabulate

    from lovt_bench.tasks.suite import load_suites, suite_tasks

    try:
        suites = [(suite, suite_tasks(suite)) for suite in load_suites()]
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    rows = [
        [suite.name, len(specs), ", ".join(dict.fromkeys(spec.dataset for spec in specs))]
        for suite, specs in suites
    ]
    say(tabulate(rows, ["suite", "tasks", "datasets"], tablefmt="simple", disable_numparse=True), lines=True)


@tasks.command()
@click.argument("task")
def show(task: str) -> None:
    """Print everything about TASK, an id or a number.

    \b
    Examples:
      lovt-bench tasks show covid_linear
      lovt-bench tasks show 12
    """
    from lovt_bench.tasks.registry import InvalidTaskError, UnknownTaskError, load_task

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
