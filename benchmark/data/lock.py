"""One process at a time prepares a store or a corpus: a locked file beside it, which vanishes with its holder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.data.errors import DataError


@contextmanager
def preparing(target: Path) -> Iterator[None]:
    """Hold `.lock-<name>` beside the folder `target`, there or not, for the block.

    Raises:
        DataError: Another process is preparing the same folder.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target.parent / f".lock-{target.name}"
    while True:
        with path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise DataError(f"{target.name} is being prepared by another process; wait for it") from None
            # Its holder may have removed the file between opening and locking: then the lock is on nothing.
            if not _is_at(lock.fileno(), path):
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
