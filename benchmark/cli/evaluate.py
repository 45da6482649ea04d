"""`lovt-bench evaluate`: a backbone through the tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from benchmark.backbone.sources import BackboneSource
    from benchmark.contract.task import TaskSpec
    from benchmark.data.store import ImageStore


@click.command()
@click.argument("submission")
@click.option(
    "--tasks", "patterns", multiple=True, metavar="PATTERN", help="Only tasks whose id matches; repeatable."
)
@click.option(
    "--profile",
    default="paper",
    show_default=True,
    help="paper, small, phantom or demo: how much of the protocol.",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--engine", type=click.Choice(["fast", "reference"]), default="fast", show_default=True)
@click.option("--protocol", default="lovt-2022", show_default=True, help="Protocol file of that name.")
@click.option(
    "--executor",
    type=click.Choice(["auto", "process", "local", "ray"]),
    default="auto",
    show_default=True,
    help="Where jobs run: this process, worker processes here, a Ray cluster.",
)
@click.option("--workers", type=click.IntRange(1, 1024), help="Jobs at a time. Default: one per GPU.")
@click.option("--address", metavar="ADDR", help="Of a Ray cluster; `auto` finds the one on this machine.")
@click.option("--prepared-only", is_flag=True, help="Leave out tasks whose dataset is not prepared.")
@click.option("--workspace", type=click.Path(path_type=Path, file_okay=False), help="Default: workspace/.")
def evaluate(
    submission: str,
    patterns: tuple[str, ...],
    profile: str,
    device: str,
    engine: str,
    protocol: str,
    executor: str,
    workers: int | None,
    address: str | None,
    prepared_only: bool,
    workspace: Path | None,
) -> None:
    """Take the backbone of SUBMISSION through the tasks and record every run.

    SUBMISSION is `random`, `imagenet`, or a folder under workspace/backbones/. Runs that are recorded already are
    not run again, so a call that was cut off goes on where it was.

    \b
    Examples:
      lovt-bench evaluate random --profile demo
      lovt-bench evaluate imagenet --tasks 'rsna_*' --device cuda
      lovt-bench evaluate mine --tasks covid_linear --engine reference
      lovt-bench evaluate mine --executor local --workers 4
    """
    from benchmark.cli.evaluation_report import RichObserver, print_results
    from benchmark.workspace import workspace_root

    root = workspace_root(workspace)
    try:
        specs: list[TaskSpec] = _select_tasks(patterns)
        specs, stores = _open_stores(specs, root, prepared_only)
        # Torch takes seconds to import: what can fail before, fails before.
        from benchmark.backbone.sources import resolve
        from benchmark.engine.device import choose_device, gpu_count
        from benchmark.engine.evaluate import Evaluation
        from benchmark.engine.evaluate import evaluate as run
        from benchmark.engine.profile import load_profile
        from benchmark.executor.choose import choose_executor
        from benchmark.malloc import keep_freed_memory
        from tasks.protocol import load_protocol

        source, limits = resolve(submission, root), load_profile(profile)
        if not patterns:
            specs = _leave_out(specs, source, limits.image_side)
        evaluation = Evaluation(
            source=source,
            specs=specs,
            stores=stores,
            protocol=load_protocol(protocol),
            profile=limits,
            workspace=root,
            device=choose_device(device),  # type: ignore[arg-type]
            engine=engine,  # type: ignore[arg-type]
        )
        where = choose_executor(
            executor,  # type: ignore[arg-type]
            workers=workers,
            gpus=gpu_count(evaluation.device),
            address=address,
        )
        keep_freed_memory()
        with RichObserver(evaluation, where) as observer:
            results = run(evaluation, observer, where)
    except (ValueError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    print_results(evaluation, results)
    if any(result.status == "failed" for result in results):
        raise SystemExit(1)


def _select_tasks(patterns: tuple[str, ...]) -> list[TaskSpec]:
    from fnmatch import fnmatchcase

    from tasks.registry import load_tasks

    known = load_tasks()
    for pattern in patterns:
        if not any(fnmatchcase(spec.id, pattern) for spec in known):
            raise ValueError(f"--tasks {pattern!r} matches none of: {', '.join(spec.id for spec in known)}")
    return [spec for spec in known if not patterns or any(fnmatchcase(spec.id, p) for p in patterns)]


def _leave_out(specs: list[TaskSpec], source: BackboneSource, side: int) -> list[TaskSpec]:
    """Return the tasks that the backbone can take part in; say which others there are, and why."""
    from benchmark.engine.eligible import eligible

    able, others = eligible(specs, source, side)
    for reason, ids in others.items():
        click.echo(f"left out: {', '.join(ids)}: {reason}", err=True)
    if not able:
        raise ValueError(f"backbone {source.name} can take part in none of the tasks")
    return able


def _open_stores(
    specs: list[TaskSpec], root: Path, prepared_only: bool
) -> tuple[list[TaskSpec], dict[str, ImageStore]]:
    from benchmark.data.store import ImageStore

    names = sorted({spec.dataset for spec in specs})
    missing = [name for name in names if not (root / "data" / name / "dataset.json").is_file()]
    kept = [spec for spec in specs if spec.dataset not in missing]
    if missing and not (prepared_only and kept):
        raise ValueError(
            f"not prepared: {', '.join(missing)} (looked in {root / 'data'}). Prepare with\n"
            + "\n".join(f"  lovt-bench data prepare {name} --raw DIR" for name in missing)
            + ("\nor leave their tasks out with --prepared-only or --tasks." if kept else "")
        )
    return kept, {name: ImageStore.open(root / "data" / name) for name in names if name not in missing}
