"""`lovt-bench leaderboard replicate`: are the published values reached on the real data that are prepared here?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.leaderboard_board import gather_sources
from lovt_bench.benchmark.cli.leaderboard_options import out_option, results_option
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.cli.over_images import has_over_images

if TYPE_CHECKING:
    from lovt_bench.leaderboard.board.published import PublishedInfo


@click.command()
@click.option(
    "--run",
    is_flag=True,
    help="First evaluate the rows on all official stores; what is recorded is not run again.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="With --run.",
)
@click.option("--workers", type=click.IntRange(1, 1024), help="With --run: jobs at a time.")
@results_option
@out_option
@workspace_option
@click.pass_context
def replicate(
    ctx: click.Context,
    run: bool,
    device: str,
    workers: int | None,
    results: Path | None,
    out: Path,
    workspace: Path | None,
) -> None:
    """Compare Random and ImageNet with their published values, cell by cell, and write replication.md.

    A cell is equivalent if the 90 % interval of its mean lies within a margin around the published value; the margin
    was fixed beforehand (leaderboard/published). The report lies in the version dev, and in each release of the same
    records. Ends with 1 unless the protocol was replicated (docs/leaderboard.md).

    \b
    Examples:
      lovt-bench leaderboard replicate --run --device cuda    # hours on a GPU
      lovt-bench leaderboard replicate                        # from what is recorded
    """
    from lovt_bench.leaderboard.board.replication import sentence
    from lovt_bench.leaderboard.errors import LeaderboardError
    from lovt_bench.leaderboard.releases.release import build_development
    from lovt_bench.leaderboard.show.rendering import REPLICATION

    if run and results:
        raise click.UsageError(
            "--run records in the workspace, --results reads elsewhere: give --workspace alone, or "
            "--results without --run"
        )
    failed = False
    try:
        if run:
            for table in gather_sources(None, workspace).published:
                failed |= _evaluate(ctx, table.info, device, workers, workspace)
        # As the version dev is, so that a release after this one shows what it showed.
        sources = gather_sources(results, workspace, over_images=has_over_images(out))
        board, folder = build_development(out, sources)
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error
    for found in board.replications:
        say(sentence(found.protocol, found))
    if board.replications:
        say(f"The report: {folder / REPLICATION}")
    if failed or not board.replications or not all(found.replicated for found in board.replications):
        raise SystemExit(1)


def _evaluate(
    ctx: click.Context, info: PublishedInfo, device: str, workers: int | None, workspace: Path | None
) -> bool:
    """Run the rows of a published table on the datasets whose official splits are prepared; say whether a task failed.

    Raises:
        ClickException: There are none, or a row has no backbone here.
    """
    from lovt_bench.benchmark.backbone.sources import resolve
    from lovt_bench.benchmark.cli.evaluate import evaluate
    from lovt_bench.benchmark.cli.evaluation_names import check_name
    from lovt_bench.benchmark.contract.manifest_files import read_dataset_manifest
    from lovt_bench.benchmark.data.open_store import find_store
    from lovt_bench.benchmark.workspace import workspace_root
    from lovt_bench.leaderboard.text import plural
    from lovt_bench.tasks.protocol import load_protocol
    from lovt_bench.tasks.registry import load_tasks

    root, rules = workspace_root(workspace), load_protocol(info.protocol).data
    data = root / "data"
    tasks, official, others = load_tasks(), set(), []
    for name in sorted({task.dataset for task in tasks}):
        try:
            folder = find_store(data, name, rules)
            manifest = read_dataset_manifest(folder) if folder else None
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        if manifest and (manifest.track, manifest.splits) == ("public", "official"):
            official.add(name)
        elif manifest:
            others.append(f"{name} ({manifest.track}, {manifest.splits} splits)")
    chosen = [task.id for task in tasks if task.dataset in official]
    if not chosen:
        there = f", only {', '.join(others)}" if others else ""
        raise click.ClickException(
            f"no real dataset with its official splits is prepared in {data}{there}; make one with: lovt-bench data "
            "prepare rsna --raw DIR --splits DIR (docs/data.md)"
        )
    try:
        # All of them before hours are spent on the first.
        for row in info.replication.rows:
            check_name(row, root)
            resolve(row, root)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    failed = False
    for row in info.replication.rows:
        say(f"{row}: {plural(len(chosen), 'task')} on {', '.join(sorted(official))}")
        try:
            ctx.invoke(
                evaluate,
                backbone=row,
                patterns=(",".join(chosen),),
                profile=info.profile,
                protocol=info.protocol,
                device=device,
                workers=workers,
                stall_limit="off",
                workspace=workspace,
            )
        except SystemExit as ended:
            if ended.code != 1:
                raise
            failed = True
    return failed
