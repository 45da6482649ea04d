"""What lies in image folders of real people: leavings of systems, pipes, links in circles, empty files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

CLUTTER = (".DS_Store", "._x.png", "._x.jpg", "._x.dcm", "Thumbs.db", "desktop.ini", ".hidden.jpg")


def litter(folder: Path) -> int:
    """Put leavings of systems into a folder and return how many."""
    for name in CLUTTER:
        (folder / name).write_bytes(b"\0\5\x16\7")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "a.jpg").write_bytes(b"")
    return len(CLUTTER) + 1


def break_files(paths: Sequence[Path]) -> None:
    """Make of six image files a pipe, a folder, two links to nowhere, an empty file and one that cannot be read."""
    for path in paths:
        path.unlink()
    pipe, folder, circle, nowhere, empty, unreadable = paths
    os.mkfifo(pipe)
    folder.mkdir()
    circle.symlink_to(circle)
    nowhere.symlink_to("absent")
    empty.write_bytes(b"")
    # A regular file whose first byte gives an input/output error, for root as for anybody.
    unreadable.symlink_to("/proc/self/mem")


def things_below(folder: Path) -> int:
    """Count the files below a folder, a folder of the system as one; links to folders are not entered."""
    count = 0
    for _, folders, files in os.walk(folder):
        count += len(files) + folders.count("__MACOSX")
        folders[:] = [name for name in folders if name != "__MACOSX"]
    return count
