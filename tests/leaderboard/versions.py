"""A version on disk in a line, from a board alone: no list of versions, no check of the releases beside it."""

from __future__ import annotations

from pathlib import Path

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.releases.version import locked, put, version_files


def write_version(board: Leaderboard, out: Path) -> Path:
    """Write a version below a folder, as a build writes it, and return its own folder."""
    with locked(out):
        return put(board.version, out, version_files(board))
