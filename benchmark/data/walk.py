"""Which files lie below a folder, in a fixed order: the one walk of all that reads folders of strangers.

Nothing is opened. What the system leaves in folders is told from files that somebody put there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DICOM = frozenset({".dcm", ".dicom"})
JPEG = frozenset({".jpg", ".jpeg"})
PNG = frozenset({".png"})
PICTURES = DICOM | JPEG | PNG | {".jp2", ".tif", ".tiff", ".bmp", ".webp", ".pgm"}
"""Endings of picture files, lower case."""

CLUTTER = "hidden, or left by the system (.DS_Store, ._*, Thumbs.db)"
NOT_REGULAR = "a pipe or device, not a file"
LOST_LINK = "a link that leads nowhere or in a circle"
NO_PERMISSION = "a file in a folder that this user may not enter"
FOLDER = "a folder, not a file"
MISSING = "file is missing"
CLOSED = "a folder that cannot be opened"

_SYSTEM = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "@eadir"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing below a folder: a regular file, or something that is `passed_over` for a reason.

    Attributes:
        status: Status of the file that a link leads to; None for what is passed over.
    """

    path: Path
    status: os.stat_result | None
    passed_over: str | None = None


def is_clutter(name: str) -> bool:
    """Say whether a file or folder is hidden or was left by macOS, Windows or a NAS."""
    return name.startswith(".") or name.lower() in _SYSTEM


def walk(root: Path) -> Iterator[Entry]:
    """Yield what lies below a folder: files of a folder by name, then its folders by name.

    Links are followed; a folder that is reached a second time is left out, so that circles end. A folder of the system
    is one entry and not entered; a folder that is named like a picture is an entry and entered.
    """
    seen: set[tuple[int, int]] = set()
    stack = [root]
    while stack:
        folder = stack.pop()
        try:
            known = folder.stat()
            if (known.st_dev, known.st_ino) in seen:
                continue
            seen.add((known.st_dev, known.st_ino))
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            yield Entry(folder, None, CLOSED)
            continue
        below = []
        for one in found:
            entry = _entry(one)
            if entry.passed_over == FOLDER:
                below.append(entry.path)
            if entry.passed_over != FOLDER or entry.path.suffix.lower() in PICTURES:
                yield entry
        stack.extend(reversed(below))


def file_problem(path: Path) -> str | None:
    """Return why a path is no file that can be read, in words for a message; None for a regular file."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return LOST_LINK if path.is_symlink() else MISSING
    except OSError as error:
        return LOST_LINK if path.is_symlink() else f"file cannot be read: {error.strerror}"
    if stat.S_ISDIR(mode):
        return f"file cannot be read: it is {FOLDER}"
    return None if stat.S_ISREG(mode) else f"file cannot be read: it is {NOT_REGULAR}"


def _entry(one: os.DirEntry[str]) -> Entry:
    path = Path(one.path)
    if is_clutter(one.name):
        return Entry(path, None, CLUTTER)
    try:
        status = one.stat()
    except OSError:
        return Entry(path, None, LOST_LINK if one.is_symlink() else NO_PERMISSION)
    if stat.S_ISDIR(status.st_mode):
        return Entry(path, None, FOLDER)
    return Entry(path, status) if stat.S_ISREG(status.st_mode) else Entry(path, None, NOT_REGULAR)
