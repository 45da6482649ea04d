"""The one way to write a file or a folder: under a temporary name, then renamed; readers see all of it or nothing.

What a killed process left is removed by the next writer in the same folder (`leftovers.py`), which puts back a folder
that was just being replaced.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lovt_bench.benchmark.disk.leftovers import OLD, TARGET, discard, restore, sweep, temporary_name
from lovt_bench.benchmark.disk.lock import is_at, try_lock
from lovt_bench.benchmark.disk.words import naming

_NEW = "new"
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW


@contextmanager
def new_file(target: Path, mode: int = 0o666) -> Iterator[Path]:
    """Yield the path of an empty file that takes the place of `target` when the block ends well, and vanishes else.

    The path ends as `target` does. Write to it as it is: a file that is put in its place would not be locked.

    Args:
        target: The file; folders above it are made. A link is replaced, not followed.
        mode: Permissions of the file, less the umask.

    Raises:
        OSError: With a path.
    """
    with naming(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        path, descriptor = _make_file(target, mode)
        try:
            yield path
            path.replace(target)
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)


def write_bytes(target: Path, content: bytes) -> None:
    """Write a file atomically."""
    with new_file(target) as path:
        path.write_bytes(content)


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_bytes(target, text.encode())


@contextmanager
def new_folder(target: Path, *, replace: bool = True) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `target` when the block ends well, and vanishes else.

    What lay at `target` goes only once the new folder is in its place. A process that is killed between the two renames
    leaves the old folder where the next writer (or `sweep`) finds it and puts it back.

    Args:
        target: The folder; folders above it are made.
        replace: Whether something at `target` may be replaced.

    Raises:
        FileExistsError: Something lies at `target` at the end and `replace` is not given.
        OSError: With a path.
    """
    with naming(target), scratch_folder(target) as scratch:
        (scratch / TARGET).write_text(target.name, encoding="utf-8", errors="surrogateescape")
        fresh = scratch / _NEW
        fresh.mkdir()
        yield fresh
        _put_in_place(fresh, target, scratch, replace=replace)


@contextmanager
def scratch_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside `target`, under a temporary name, that vanishes with the block.

    Raises:
        OSError: With a path.
    """
    with naming(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        scratch, descriptor = _make_folder(target)
    try:
        yield scratch
    finally:
        # Where the second rename of `new_folder` failed, the old folder goes back before anything is removed.
        restore(scratch)
        with suppress(OSError):
            discard(scratch)
        os.close(descriptor)


def _put_in_place(fresh: Path, target: Path, scratch: Path, *, replace: bool) -> None:
    """Rename the folder `fresh` to `target`; what lay there moves into `scratch`."""
    if target.is_symlink() or target.exists():
        if not replace:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        target.rename(scratch / OLD)
    fresh.rename(target)


def _make_file(target: Path, mode: int) -> tuple[Path, int]:
    while True:
        path = target.with_name(temporary_name(target) + target.suffix[:16])
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        if _keep(descriptor, path):
            return path, descriptor


def _make_folder(target: Path) -> tuple[Path, int]:
    while True:
        scratch = target.with_name(temporary_name(target))
        scratch.mkdir()
        try:
            descriptor = os.open(scratch, _FOLDER_FLAGS)
        except FileNotFoundError:  # swept in the moment before it was locked
            continue
        if _keep(descriptor, scratch):
            return scratch, descriptor


def _keep(descriptor: int, path: Path) -> bool:
    """Lock what was just made; return False where it was swept in between."""
    try:
        try_lock(descriptor, wait=True)
    except OSError:  # no locks here: nothing is swept either
        return True
    if is_at(descriptor, path):
        return True
    os.close(descriptor)
    return False
