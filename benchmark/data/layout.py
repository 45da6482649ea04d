"""Find label tables and image folders in a raw folder, however deep somebody's archive put them.

The shallowest place wins. Names count in either case; a table may be gzipped or zipped (CSV is read
so; of JSON the reader says to unpack it).
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from lovt_bench.benchmark.contract.phantom import PHANTOM_FILE
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.walk import is_clutter

DEPTH = 4
"""Folders below the raw folder that are looked into; PhysioNet's own layout needs four."""

COMPRESSIONS = ("", ".gz", ".zip")
SHOWN = 8
"""Names that a message lists of a folder."""

_PATIENTS = re.compile(r"p1[0-9]")
"""Folders of MIMIC-CXR with tens of thousands of patients each: no table lies there."""


def find_tables(raw: Path, *names: Sequence[str], guide: str = "docs/data.md") -> list[Path]:
    """Return one table for each group of names, all from the shallowest folder that has them all.

    Args:
        names: For each table the names that it may have, the usual one first.
        guide: Where the layout is described, for the message.

    Raises:
        DataError: There is no such folder, or there are several; the message says what lies there instead.
    """
    best, most = raw, -1
    for level in levels(raw):
        fitting = []
        for folder in level:
            found = [_table(folder, group) for group in names]
            present = sum(table is not None for table in found)
            if present == len(names):
                fitting.append([table for table in found if table is not None])
            elif present > most:
                best, most = folder, present
        if len(fitting) > 1:
            places = " and ".join(str(tables[0]) for tables in fitting[:2])
            raise DataError(
                f"{raw}: the tables lie there more than once, {places}; --raw names one of these folders"
            )
        if fitting:
            return fitting[0]
    missing = next(group for group in names if _table(best, group) is None)
    others = f", nor {' nor '.join(missing[1:])}" if missing[1:] else ""
    raise DataError(
        f"{best / missing[0]}: file is missing; check --raw. It is not in the folders below either{others}. "
        f"{holds(best, missing)} {guide} shows the layout"
    )


def find_optional(raw: Path, name: str) -> Path | None:
    """Return the shallowest table of a name; None where there is none."""
    found = (_table(folder, [name]) for level in levels(raw) for folder in level)
    return next((table for table in found if table is not None), None)


def find_folders(root: Path, *patterns: str) -> list[Path]:
    """Return the folders whose name fits a pattern (`images_*`), all of the shallowest level that has one."""
    for level in levels(root):
        found = [
            folder
            for parent in level
            for folder in _subfolders(parent)
            if any(fnmatch(folder.name.lower(), pattern.lower()) for pattern in patterns)
        ]
        if found:
            return found
    return []


def image_folders(raw: Path, table: Path, *patterns: str) -> list[Path]:
    """Return the image folders beside a table, else elsewhere in the raw folder, else the folder of the table."""
    return find_folders(table.parent, *patterns) or find_folders(raw, *patterns) or [table.parent]


def find_folder(raw: Path, name: str, guide: str = "docs/data.md") -> Path:
    """Return the shallowest folder of a name, whose letters may be of either case.

    Args:
        guide: Where the layout is described, for the message.

    Raises:
        DataError: There is none.
    """
    found = find_folders(raw, name)
    if len(found) > 1:
        raise DataError(
            f"{raw}: {found[0]} and {found[1]} both fit; --raw names the folder above one of them"
        )
    if not found:
        raise DataError(
            f"{raw}: expected the folder {name} there or below. {holds(raw, [name])} "
            f"Check --raw; {guide} shows the layout"
        )
    return found[0]


def is_phantom(raw: Path, files: Iterable[Path]) -> bool:
    """Say whether the phantom wrote a raw folder, one above it, or one between it and one of its files."""
    folders = {raw, *list(raw.resolve().parents)[:DEPTH]}
    for file in files:
        for folder in file.parents:
            if folder in folders or not folder.is_relative_to(raw):
                break
            folders.add(folder)
    return any((folder / PHANTOM_FILE).is_file() for folder in folders)


def holds(folder: Path, wanted: Sequence[str] = ()) -> str:
    """Return a sentence about what lies in a folder, names like the wanted ones first; folders end with `/`."""
    names = sorted(f"{name}/" if is_folder else name for name, is_folder in _listed(folder))
    near = [near for one in wanted for near in difflib.get_close_matches(one, names, SHOWN, 0.5)]
    shown = list(dict.fromkeys([*near, *names]))[:SHOWN]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"It holds {', '.join(shown)}{more}." if names else "It is empty."


def levels(raw: Path) -> Iterator[list[Path]]:
    """Yield the raw folder, then the folders in it, then those in these; not the patients of MIMIC-CXR."""
    level = [raw]
    for _ in range(DEPTH + 1):
        if not level:
            return
        yield level
        level = [
            folder
            for parent in level
            for folder in _subfolders(parent)
            if not _PATIENTS.fullmatch(folder.name)
        ]


def _subfolders(folder: Path) -> list[Path]:
    return sorted(folder / name for name, is_folder in _listed(folder) if is_folder)


def _table(folder: Path, names: Sequence[str]) -> Path | None:
    files = {name.lower(): folder / name for name, is_folder in _listed(folder) if not is_folder}
    wanted = (f"{name}{ending}".lower() for name in names for ending in COMPRESSIONS)
    found = (files[name] for name in wanted if name in files)
    return next((path for path in found if path.is_file()), None)


def _listed(folder: Path) -> list[tuple[str, bool]]:
    """Return the names in a folder and whether each is a folder; nothing where it cannot be opened."""
    try:
        with os.scandir(folder) as entries:
            return [(one.name, _is_folder(one)) for one in entries if not is_clutter(one.name)]
    except OSError:
        return []


def _is_folder(one: os.DirEntry[str]) -> bool:
    try:
        return one.is_dir()
    except OSError:  # a link in a circle
        return False
