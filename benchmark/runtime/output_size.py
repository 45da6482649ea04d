"""How much a submission has put into its output: a bind mount has no quota, so it is counted from outside.

What cannot be looked at is a violation, not nothing: only what vanished or was exchanged meanwhile is passed over.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.contract.run_contract import Limits

DEPTH = 64
"""Folders within folders; nobody needs more, and what walks the tree later stays safe from deep ones."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
EXCHANGED = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
"""Errors for a folder that is gone or has become something else: the next look counts what took its place."""


@dataclass
class Usage:
    """What lies below a folder; counting ends where a limit is passed."""

    files: int = 0
    bytes: int = 0
    """Blocks on the disk; holes of sparse files are not counted."""
    problem: str = ""
    """The limit that is passed; empty where none is."""


def measure(output: Path, limits: Limits) -> Usage:
    """Count without following a link, however the tree changes meanwhile."""
    usage = Usage()
    try:
        root = os.open(output, FOLDER)
    except FileNotFoundError:
        return usage
    except OSError as error:
        usage.problem = _unseen(error)
        return usage
    try:
        _count(root, 0, usage, limits)
    except OSError as error:  # a folder that cannot be read to its end
        usage.problem = _unseen(error)
    finally:
        os.close(root)
    return usage


def measure_all(paths: Iterable[Path], limits: Limits) -> Usage:
    """Count files and folders that lie in an output, with all that is in them."""
    usage = Usage()
    for path in paths:
        status = path.lstat()
        inside = measure(path, limits) if stat.S_ISDIR(status.st_mode) else Usage()
        usage.files += 1 + inside.files
        usage.bytes += 512 * status.st_blocks + inside.bytes
    return usage


def free_bytes(output: Path) -> int:
    """Return the free space of the file system that the output lies on, there or not."""
    try:
        found = os.statvfs(output)
    except FileNotFoundError:
        found = os.statvfs(output.parent)
    return found.f_bavail * found.f_frsize


def _count(folder: int, depth: int, usage: Usage, limits: Limits) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            usage.files += 1
            usage.bytes += 512 * status.st_blocks
            if usage.files > limits.output_files:
                usage.problem = f"more than {limits.output_files:,} files"
            elif usage.bytes > limits.output_bytes:
                usage.problem = f"more than {limits.output_bytes / 2**20:,.0f} MiB"
            elif stat.S_ISDIR(status.st_mode):
                _enter(folder, entry.name, depth + 1, usage, limits)
            if usage.problem:
                return


def _enter(parent: int, name: str, depth: int, usage: Usage, limits: Limits) -> None:
    if depth > DEPTH:
        usage.problem = f"folders nested more than {DEPTH} deep"
        return
    try:
        folder = os.open(name, FOLDER, dir_fd=parent)
    except OSError as error:
        if error.errno not in EXCHANGED:
            usage.problem = _unseen(error)
        return
    try:
        _count(folder, depth, usage, limits)
    finally:
        os.close(folder)


def _unseen(error: OSError) -> str:
    return f"something that cannot be looked into, so that its size is not known ({error.strerror})"
