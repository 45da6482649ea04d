"""What killed processes left: temporary files and folders that nobody holds, removed, or put back where they belong.

A temporary thing is called `.tmp-<target>-<8 hex digits>` and locked while its writer lives (`temporary.py`). Where the
file system has no locks nothing is removed, since nobody can tell.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path

from lovt_bench.benchmark.disk.lock import is_at, try_lock

_PREFIX = ".tmp-"
_NAME = re.compile(rf"{re.escape(_PREFIX)}.*-[0-9a-f]{{8}}(\.[^.]*)?", re.DOTALL)
_LONGEST = 120
"""Bytes of the target's name in the temporary one; file systems allow 255."""
OLD, TARGET = "old", "target"
"""In a temporary folder: the folder that is being replaced, and a file with the name of its place."""
_DEPTH = 5


def temporary_name(target: Path) -> str:
    """Return a new name for what will lie at `target`."""
    # Bytes count for the file system: names are cut by them.
    name = os.fsdecode(os.fsencode(target.name)[:_LONGEST])
    return f"{_PREFIX}{name}-{secrets.token_hex(4)}"


def is_temporary(name: str) -> bool:
    """Return whether a file or folder of that name is one that a writer has not put in its place."""
    return bool(_NAME.fullmatch(name))


def abandoned(root: Path, depth: int = _DEPTH) -> list[Path]:
    """Return the temporary files and folders that killed processes left below `root`, at most `depth` folders down.

    What cannot be looked at is left out. Links are not followed.
    """
    found: list[Path] = []
    folders = [(root, 0)]
    while folders:
        folder, level = folders.pop()
        for entry in _entries(folder):
            if is_temporary(entry.name):
                if _is_free(Path(entry.path)):
                    found.append(Path(entry.path))
            elif level < depth and entry.is_dir(follow_symlinks=False):
                folders.append((Path(entry.path), level + 1))
    return sorted(found)


def sweep(folder: Path, depth: int = 0) -> list[Path]:
    """Remove what killed processes left in `folder`, put back what they were replacing, and return what was removed."""
    return [path for path in abandoned(folder, depth) if _remove(path)]


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, if there is one. A link is removed, not followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def discard(scratch: Path) -> None:
    """Remove a temporary file or folder. The name of its place goes first: half an old folder is never put back.

    Raises:
        OSError: For the first thing in a folder that cannot be removed, after all others are.
    """
    if not scratch.is_dir() or scratch.is_symlink():
        scratch.unlink(missing_ok=True)
        return
    (scratch / TARGET).unlink(missing_ok=True)
    problems: list[BaseException] = []
    shutil.rmtree(scratch, onerror=lambda _function, _path, problem: problems.append(problem[1]))
    if problems:
        raise problems[0]


def _is_free(path: Path) -> bool:
    """Return whether no living process holds a temporary file or folder."""
    descriptor = _grasp(path)
    if descriptor is None:
        return False
    os.close(descriptor)
    return True


def _remove(path: Path) -> bool:
    descriptor = _grasp(path)
    if descriptor is None:
        return False
    try:
        restore(path)
        discard(path)
    except OSError:  # somebody else's; it stays on the list of `abandoned`
        return False
    finally:
        os.close(descriptor)
    return True


def _grasp(path: Path) -> int | None:
    """Return a locked descriptor of a temporary thing; None where its writer lives or that is not known."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if try_lock(descriptor) and is_at(descriptor, path):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def restore(scratch: Path) -> None:
    """Put the old folder back where its place is empty, unless its removal has begun."""
    old = scratch / OLD
    try:
        name = (scratch / TARGET).read_text(encoding="utf-8", errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return
    if not os.path.lexists(old):
        return
    target = scratch.with_name(name)
    if not os.path.lexists(target):
        old.rename(target)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
