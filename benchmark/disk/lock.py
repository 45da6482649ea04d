"""The one lock between processes: a locked file, which the kernel lets go of however its holder ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lovt_bench.benchmark.disk.words import naming
from lovt_bench.benchmark.log import logger

PATIENCE, PAUSE = 3.0, 0.02
"""Seconds until a waiting process says so, and between two looks until then."""


@contextmanager
def hold(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold the lock file `path` for the block; it is made here and vanishes with the block.

    Works between machines where the file system passes `flock` on: local ones, NFS from version 4, Lustre mounted with
    `flock`. Whoever may write to the folder may take the lock: its permissions follow the umask.

    Args:
        path: The lock file; folders above it are made.
        wait: Wait until the lock is free; where that takes long, say so: its holder may be stopped.

    Yields:
        False where another process or thread holds the lock and `wait` is not given.

    Raises:
        OSError: With the path: no permission, or a file system without locks (ENOLCK, ENOSYS). That is never taken
            for another process.
    """
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _locked(path, wait)
    if descriptor is None:
        yield False
        return
    try:
        yield True
    finally:
        with suppress(OSError):  # It stays, unlocked; what was done under it is done.
            path.unlink()
        os.close(descriptor)


def _locked(path: Path, wait: bool) -> int | None:
    while True:
        descriptor = _open(path)
        try:
            if wait:
                _wait(descriptor, path)
            elif not try_lock(descriptor):
                os.close(descriptor)
                return None
            # Its holder removes the file: between our opening and our locking, the lock may be on nothing.
            if is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _wait(descriptor: int, path: Path) -> None:
    for _ in range(int(PATIENCE / PAUSE)):
        if try_lock(descriptor):
            return
        time.sleep(PAUSE)
    logger.warning("%s is held by another process; waiting until that ends", path)
    try_lock(descriptor, wait=True)


def _open(path: Path) -> int:
    flags = os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o666)
    except PermissionError:
        # Made by somebody with a narrower umask; to read is enough for `flock`.
        with suppress(FileNotFoundError):
            return os.open(path, os.O_RDONLY | flags)
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise
    # It vanished between the two: the folder is ours to write to.
    return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o666)


def try_lock(descriptor: int, *, wait: bool = False) -> bool:
    """Lock an open file or folder for this process alone; return whether that was possible.

    Raises:
        OSError: The file system has no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file is the one that lies at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False
