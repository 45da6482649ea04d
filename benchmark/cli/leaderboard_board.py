"""A version and its tables by name, and what a new one is built from, for the commands of the leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lovt_bench.benchmark.contract.leaderboard import Leaderboard, Table
    from lovt_bench.leaderboard.releases.sources import Sources


def gather_sources(results: Path | None, workspace: Path | None, *, over_images: bool = False) -> Sources:
    """Return the sources of a build.

    Args:
        results: Folder of run records; None: that of the workspace.
        workspace: As the option of that name; None: the default one.
        over_images: With intervals over images, where predictions and stores are at hand.

    Raises:
        LeaderboardError: A published table is broken, or the keeper's name is none.
        OSError: A folder cannot be read.
    """
    from lovt_bench.benchmark.cli.over_images import with_over_images
    from lovt_bench.benchmark.submission.declare import submission_roots
    from lovt_bench.benchmark.workspace import workspace_root
    from lovt_bench.leaderboard.workspace_sources import workspace_sources

    root = workspace_root(workspace)
    sources = workspace_sources(root, results or root / "results", submission_roots(root))
    return with_over_images(sources, root) if over_images else sources


def open_board(out: Path, version: str) -> Leaderboard:
    """Return a version. Raises ClickException that lists those that are there."""
    from lovt_bench.benchmark.contract.unknown import unknown
    from lovt_bench.leaderboard.errors import LeaderboardError
    from lovt_bench.leaderboard.releases.version import DEVELOPMENT, read_version, releases

    there = [DEVELOPMENT] * (out / DEVELOPMENT).is_dir() + releases(out)
    if version not in there:
        raise click.ClickException(
            f"{unknown('version', version, there)} (in {out}); `lovt-bench leaderboard build` writes {DEVELOPMENT}"
        )
    try:
        return read_version(out, version)
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error


def tables_of(board: Leaderboard, wanted: str) -> list[Table]:
    """Return the tables whose id contains a text. Raises ClickException that lists all where there is none."""
    from lovt_bench.benchmark.contract.unknown import unknown
    from lovt_bench.leaderboard.board.build import table_ids

    tables = table_ids(board, wanted)
    if not tables:
        raise click.ClickException(
            f"{unknown('table', wanted, [table.id for table in board.tables])} (of {board.version})"
        )
    return tables
