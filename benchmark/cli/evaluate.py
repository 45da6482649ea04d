"""`lovt-bench evaluate`: a backbone through the tasks."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.evaluation_names import by_name, check_name, same_command
from lovt_bench.benchmark.cli.options import protocol_option, workspace_option
from lovt_bench.benchmark.cli.sizes import Size
from lovt_bench.benchmark.runtime.interruption import interruptible
from lovt_bench.benchmark.workspace import workspace_root

if TYPE_CHECKING:
    from lovt_bench.benchmark.contract.protocol import Protocol
    from lovt_bench.benchmark.contract.task import TaskSpec
    from lovt_bench.benchmark.data.store import ImageStore
    from lovt_bench.benchmark.engine.plan.evaluation import Evaluation, TaskResult
    from lovt_bench.benchmark.executor.job import Executor


@click.command()
@click.argument("backbone")
@click.option(
    "--tasks",
    "patterns",
    multiple=True,
    metavar="TASKS",
    help="Only these: ids, also with *, numbers or ranges of numbers, with commas between; repeatable.",
)
@click.option("--suite", metavar="NAME", help="The tasks of that suite.  [default: lovt-18]")
@click.option(
    "--profile",
    default="paper",
    show_default=True,
    help="How much of the protocol: paper is all of it, demo takes minutes.",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--engine", type=click.Choice(["fast", "reference"]), default="fast", show_default=True)
@protocol_option
@click.option(
    "--executor",
    "executor_name",
    type=click.Choice(["auto", "process", "local", "ray"]),
    default="auto",
    show_default=True,
    help="Where jobs run: this process, worker processes here, a Ray cluster.",
)
@click.option("--workers", type=click.IntRange(1, 1024), help="Jobs at a time. Default: one per GPU.")
@click.option(
    "--address", metavar="ADDR", help="Address of a Ray cluster; `auto` finds the one on this machine."
)
@click.option("--max-memory", type=Size(), help="Private memory of all workers here; a task beyond it fails.")
@click.option(
    "--stall-limit",
    metavar="TIME",
    default="30m",
    show_default=True,
    help="Stop a job without progress for so long, and try again; `off` for never.",
)
@click.option("--dry-run", is_flag=True, help="Predict runs, time and disk of each task, and do nothing.")
@click.option("--budget", metavar="TIME", help="Begin no task that does not fit: 2h, 90m, 1h30m.")
@click.option("--no-masks", is_flag=True, help="Keep counts of predicted masks, not the masks themselves.")
@click.option("--prepared-only", is_flag=True, help="Leave out tasks whose dataset is not prepared.")
@workspace_option
@click.pass_context
def evaluate(
    ctx: click.Context,
    backbone: str,
    patterns: tuple[str, ...],
    suite: str | None,
    profile: str,
    device: Any,
    engine: Any,
    protocol: str,
    executor_name: Any,
    workers: int | None,
    address: str | None,
    max_memory: int | None,
    stall_limit: str,
    dry_run: bool,
    budget: str | None,
    no_masks: bool,
    prepared_only: bool,
    workspace: Path | None,
) -> None:
    """Take BACKBONE through the tasks of a suite and record every run.

    BACKBONE is `random`, `imagenet`, or a folder under workspace/backbones/. Runs that are recorded already are
    not run again, so a call that was cut off goes on where it was, and several calls share the work.

    \b
    Examples:
      lovt-bench evaluate random --profile quick
      lovt-bench evaluate imagenet --tasks 'rsna_*' --device cuda
      lovt-bench evaluate mine --tasks covid_linear,7-9 --engine reference
      lovt-bench evaluate mine --suite lovt-18-without-siim
      lovt-bench evaluate mine --executor local --workers 4
      lovt-bench evaluate mine --protocol lovt-2026
      lovt-bench evaluate mine --dry-run
      lovt-bench evaluate mine --budget 2h
    """
    from lovt_bench.benchmark.contract.exit_codes import ExitCode
    from lovt_bench.benchmark.executor.job import BrokenProcessError

    try:
        with interruptible():
            # Names first, then data, then what imports torch, which takes seconds.
            root = workspace_root(workspace)
            seconds, silence = (
                _seconds(budget),
                _seconds(None if stall_limit in ("off", "0") else stall_limit),
            )
            specs, limits, rules = by_name(patterns, suite, profile, protocol, root)
            check_name(backbone, root)
            specs, stores = _open_stores(specs, root, rules, prepared_only)
            from lovt_bench.benchmark.backbone.sources import resolve
            from lovt_bench.benchmark.cli.evaluation_report import print_left, print_results
            from lovt_bench.benchmark.engine.device.choice import choose_device, usable_gpus
            from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
            from lovt_bench.benchmark.executor.choose import choose_executor
            from lovt_bench.benchmark.keeper import keeper
            from lovt_bench.benchmark.malloc import keep_freed_memory, leave_out_imports

            source = resolve(backbone, root)
            evaluation = Evaluation(
                source=source,
                specs=specs,
                stores=stores,
                protocol=rules,
                profile=limits,
                workspace=root,
                device=choose_device(device),
                engine=engine,
                measured_by=keeper(),
                masks=not no_masks,
            )
            if source.tokens:
                for side in sorted({evaluation.side_of(spec) for spec in specs}):
                    say(f"{backbone}: {source.tokens.described(side)}", err=True)
            if not patterns:
                evaluation = _leave_out(evaluation)
            executor = choose_executor(
                executor_name,
                workers=workers,
                gpus=usable_gpus(evaluation.device),
                address=address,
                memory=max_memory,
                order="listed" if budget else "longest",
                stall_limit=silence,
            )
            if max_memory is None:
                keep_freed_memory()
            if dry_run:
                _dry_run(evaluation, executor, by_use=budget is not None)
                return
            leave_out_imports()
            results = _run(evaluation, executor, seconds)
            print_results(evaluation, results)
            print_left(results, same_command(ctx))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except BrokenProcessError as error:
        say(f"Error: {error}.", err=True)
        say(f"To go on: {same_command(ctx)}", err=True)
        raise SystemExit(ExitCode.RESUMABLE) from error
    except KeyboardInterrupt as error:
        say(f"Cut off: {error if error.args else 'nothing was begun'}.", err=True)
        say(f"To go on: {same_command(ctx)}", err=True)
        raise SystemExit(ExitCode.RESUMABLE) from error
    if any(result.status == "failed" for result in results):
        raise SystemExit(1)


def _seconds(duration: str | None) -> float | None:
    from lovt_bench.benchmark.cli.durations import parse_duration

    return None if duration is None else parse_duration(duration)


def _dry_run(evaluation: Evaluation, executor: Executor, by_use: bool) -> None:
    from lovt_bench.benchmark.cli.evaluation_forecast import print_forecast
    from lovt_bench.benchmark.engine.forecast.forecast import forecast
    from lovt_bench.benchmark.engine.plan.budget import useful_order

    found = forecast(evaluation)
    if by_use:
        specs = useful_order(evaluation.specs, found.seconds)
        found = forecast(dataclasses.replace(evaluation, specs=specs), found.rates, share=False)
    print_forecast(found, executor, evaluation.workspace)


def _run(evaluation: Evaluation, executor: Executor, seconds: float | None) -> list[TaskResult]:
    from lovt_bench.benchmark.cli.evaluation_report import RichObserver
    from lovt_bench.benchmark.engine.evaluate import evaluate as run
    from lovt_bench.benchmark.engine.forecast.forecast import forecast
    from lovt_bench.benchmark.engine.plan.budget import Budget, useful_order

    budget = None
    if seconds is not None:
        found = forecast(evaluation)
        specs = useful_order(evaluation.specs, found.seconds)
        evaluation = dataclasses.replace(evaluation, specs=specs)
        found = forecast(evaluation, found.rates, share=False)
        budget = Budget(seconds, found.seconds, found.rates, max(1, executor.workers))
    with RichObserver(evaluation, executor) as observer:
        try:
            with interruptible():
                return run(evaluation, observer, executor, budget)
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(f"{observer.recorded} of {observer.runs} runs were recorded") from error


def _leave_out(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation on the tasks that the backbone can take part in; say which others there are, and why."""
    from lovt_bench.benchmark.engine.plan.eligible import eligible

    source = evaluation.source
    able, others = eligible(evaluation.specs, source, evaluation.side_of)
    for reason, ids in others.items():
        say(f"left out: {', '.join(ids)}: {reason}", err=True)
    if not able:
        raise ValueError(f"backbone {source.name} can take part in none of the tasks")
    return dataclasses.replace(evaluation, specs=able)


def _open_stores(
    specs: list[TaskSpec], root: Path, protocol: Protocol, prepared_only: bool
) -> tuple[list[TaskSpec], dict[str, ImageStore]]:
    from lovt_bench.benchmark.data.open_store import find_store, open_store

    data = root / "data"
    found = {name: find_store(data, name, protocol.data) for name in sorted({spec.dataset for spec in specs})}
    missing = [name for name, folder in found.items() if folder is None]
    kept = [spec for spec in specs if spec.dataset not in missing]
    if missing and not (prepared_only and kept):
        raise ValueError(_not_prepared(missing, data, protocol.name, bool(kept)))
    stores = {name: open_store(folder) for name, folder in found.items() if folder is not None}
    for spec in kept:
        there = stores[spec.dataset].manifest
        if there.masks_from and there.classes != spec.classes:
            raise ValueError(
                f"task {spec.id} has the classes {', '.join(spec.classes)}, its store has {', '.join(there.classes)}: "
                f"write its tasks anew with: lovt-bench tasks new {spec.dataset} --force"
            )
    return kept, stores


def _not_prepared(missing: list[str], data: Path, protocol: str, others: bool) -> str:
    """Return which datasets have no store of the protocol, and how to get one."""
    from lovt_bench.benchmark.data.folders import store_folders
    from lovt_bench.benchmark.data.preparers import prepare_command
    from lovt_bench.tasks.protocol import DEFAULT_PROTOCOL

    elsewhere = ", ".join(folder.name for name in missing for folder in store_folders(data, name))
    option = f" --protocol {protocol}" if elsewhere or protocol != DEFAULT_PROTOCOL else ""
    lines = [
        f"not prepared{f' by protocol {protocol}' if option else ''}: {', '.join(missing)} (looked in {data}"
        f"{f'; by another protocol: {elsewhere}' if elsewhere else ''}). Prepare with",
        *(f"  {prepare_command(name)}{option}" for name in missing),
        *(["or leave their tasks out with --prepared-only or --tasks."] if others else []),
    ]
    return "\n".join(lines)
