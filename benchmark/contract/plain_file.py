"""The one reader of small files that strangers wrote: plain files only, never waited for, bounded in size."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class PlainFileError(ValueError):
    """No plain file, or a larger one than expected. The message has no path: the caller says where."""


def read_plain(path: Path, limit: int, *, follow: bool = False) -> bytes:
    """Return the content of a plain file.

    Args:
        path: The file. What is looked at is what was opened: nothing can be exchanged in between.
        limit: Bytes that it may have.
        follow: Whether a link is followed. A stranger's link would show a file of this machine in a message.

    Raises:
        PlainFileError: A link, a folder, a pipe, a device, or more than `limit` bytes.
        OSError: There is none, or it cannot be read.
    """
    if not follow and stat.S_ISLNK(path.lstat().st_mode):
        raise PlainFileError("is a link; put the file itself there")
    # Without O_NONBLOCK the opening of a pipe waits for its writer.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | (0 if follow else os.O_NOFOLLOW)
    if not stat.S_ISREG(path.stat().st_mode):
        raise PlainFileError("is no plain file; put a plain file there")
    with os.fdopen(os.open(path, flags), "rb") as stream:
        known = os.fstat(stream.fileno())
        if not stat.S_ISREG(known.st_mode):
            raise PlainFileError("is no plain file; put a plain file there")
        # A read takes memory for all that it may return: first what the file has, the rest only if it grew.
        content = stream.read(min(known.st_size, limit) + 1)
        if len(content) > known.st_size:
            content += stream.read(limit + 1 - len(content))
    if len(content) > limit:
        raise PlainFileError(f"is larger than {limit} bytes")
    return content


def is_plain(path: Path) -> bool:
    """Return whether a plain file lies there; a link is none."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def is_there(path: Path) -> bool:
    """Return whether anything lies there, a link to nowhere too, or one may not know."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def holders(folder: Path, file: str) -> list[str]:
    """Return the names of the folders within one that hold a file of that name, sorted; hidden ones are passed over.

    What holds something else of that name, or cannot be looked into, is among them, so that its reader says what is
    wrong. Where there is no folder, nothing is in it.
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [name for name in names if not name.startswith(".") and is_there(folder / name / file)]
