"""The one way to write a file or a folder: under a temporary name, then renamed; readers see all of it or nothing.

A temporary thing is called `.tmp-<target>-<8 hex digits>` and locked while its writer lives. What a killed process
left is therefore known by being free: the next writer in the same folder removes it, and puts back a folder that was
just being replaced. Where the file system has no locks nothing is removed, since nobody can tell.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.disk.lock import is_at, try_lock
from benchmark.disk.words import naming

PREFIX = ".tmp-"
_NAME = re.compile(rf"{re.escape(PREFIX)}(?P<target>.*)-[0-9a-f]{{8}}(\.[^.]*)?", re.DOTALL)
_LONGEST = 120
"""Characters of the target's name in the temporary one; file systems allow 255 bytes."""
_NEW, _OLD, _TARGET = "new", "old", "target"
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_DEPTH = 5


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


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with new_file(target) as path:
        path.write_text(text, encoding="utf-8")


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
        (scratch / _TARGET).write_text(target.name, encoding="utf-8", errors="surrogateescape")
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
        _restore(scratch)
        shutil.rmtree(scratch, ignore_errors=True)
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, if there is one. A link is removed, not followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _put_in_place(fresh: Path, target: Path, scratch: Path, *, replace: bool) -> None:
    """Rename the folder `fresh` to `target`; what lay there moves into `scratch`."""
    if target.is_symlink() or target.exists():
        if not replace:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        target.rename(scratch / _OLD)
    fresh.rename(target)


def abandoned(root: Path, depth: int = _DEPTH) -> list[Path]:
    """Return the temporary files and folders that killed processes left below `root`, at most `depth` folders down.

    What cannot be looked at is left out. Links are not followed.
    """
    found: list[Path] = []
    folders = [(root, 0)]
    while folders:
        folder, level = folders.pop()
        for entry in _entries(folder):
            if _NAME.fullmatch(entry.name):
                if _is_free(Path(entry.path)):
                    found.append(Path(entry.path))
            elif level < depth and entry.is_dir(follow_symlinks=False):
                folders.append((Path(entry.path), level + 1))
    return sorted(found)


def sweep(folder: Path, depth: int = 0) -> list[Path]:
    """Remove what killed processes left in `folder`, put back what they were replacing, and return what was removed."""
    return [path for path in abandoned(folder, depth) if _remove(path)]


def _make_file(target: Path, mode: int) -> tuple[Path, int]:
    while True:
        path = target.with_name(_temporary_name(target) + target.suffix[:16])
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        if _keep(descriptor, path):
            return path, descriptor


def _make_folder(target: Path) -> tuple[Path, int]:
    while True:
        scratch = target.with_name(_temporary_name(target))
        scratch.mkdir()
        try:
            descriptor = os.open(scratch, _FOLDER_FLAGS)
        except FileNotFoundError:  # swept in the moment before it was locked
            continue
        if _keep(descriptor, scratch):
            return scratch, descriptor


def _temporary_name(target: Path) -> str:
    # Bytes count for the file system: names are cut by them.
    name = os.fsdecode(os.fsencode(target.name)[:_LONGEST])
    return f"{PREFIX}{name}-{secrets.token_hex(4)}"


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
        _restore(path)
        remove(path)
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


def _restore(scratch: Path) -> None:
    """Put the old folder back where its place is empty."""
    old = scratch / _OLD
    if not os.path.lexists(old):
        return
    name = (scratch / _TARGET).read_text(encoding="utf-8", errors="surrogateescape")
    target = scratch.with_name(name)
    if not os.path.lexists(target):
        old.rename(target)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
