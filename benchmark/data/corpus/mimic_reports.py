"""The reports of MIMIC-CXR, from the extracted folder or straight from the archive. Nothing is ever extracted."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Protocol

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import find_folders, holds, levels

FOLDER, ARCHIVE = "mimic-cxr-reports", "mimic-cxr-reports.zip"
PATIENTS_TRIED = 20
"""Patients that are looked at to know whether a folder holds reports."""
LIMIT = 1_000_000
"""Bytes that a report may have; the longest ones have a few thousand."""


class Reports(Protocol):
    """Texts by name, such as `p10/p10000032/s50414267`."""

    def read(self, name: str) -> str | None:
        """Return the report with line feeds as line ends, None if there is no such file."""

    def state(self, names: Iterable[str]) -> list[object]:
        """Return what tells whether these reports changed."""


def open_reports(raw: Path) -> Reports:
    """Open the reports of a raw folder; extracted ones win over the archive.

    Raises:
        DataError: There are none, or the archive is damaged.
    """
    extracted = (path for parent in find_folders(raw, FOLDER) for path in (parent / "files", parent))
    for folder in (*extracted, raw):
        if _holds_reports(folder):
            return FolderReports(folder)
    for level in levels(raw):
        for folder in level:
            if (folder / ARCHIVE).is_file():
                return ArchiveReports(folder / ARCHIVE)
            # Looked into from above: in PhysioNet's own layout it is the fifth folder.
            if _holds_reports(folder / "files"):
                return FolderReports(folder / "files")
    raise DataError(
        f"{raw}: expected {ARCHIVE} there or below, or {FOLDER}/files (the archive extracted); found neither. "
        f"{holds(raw, [FOLDER])} docs/corpus.md shows the layout"
    )


def _holds_reports(folder: Path) -> bool:
    """Return whether the first patients have reports: `p10/p10000032/s50414267.txt`."""
    patients = islice(folder.glob("p1?/p*"), PATIENTS_TRIED)
    return any(next(patient.glob("s*.txt"), None) for patient in patients)


class FolderReports:
    """Reports as files."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str) -> str | None:
        path = self._root / f"{name}.txt"
        if not path.is_file():
            return None
        try:
            with path.open("rb") as stream:
                return _text(stream.read(LIMIT + 1), str(path))
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror}") from error

    def state(self, names: Iterable[str]) -> list[object]:
        known: list[object] = ["folder"]
        for name in names:
            path = self._root / f"{name}.txt"
            if path.is_file():
                known.append([name, path.stat().st_size, path.stat().st_mtime_ns])
        return known


class ArchiveReports:
    """Reports in the archive; only members with the expected names are ever looked at."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise DataError(f"{path}: not a zip archive ({error}); fetch it again") from error
        self._names = set(self._archive.namelist())

    def read(self, name: str) -> str | None:
        for member in (f"files/{name}.txt", f"{FOLDER}/files/{name}.txt"):
            if member in self._names:
                return self._member(member)
        return None

    def _member(self, member: str) -> str:
        origin = f"{self._path}: {member}"
        try:
            with self._archive.open(member) as stream:
                return _text(stream.read(LIMIT + 1), origin)
        except (
            zipfile.BadZipFile,
            OSError,
            RuntimeError,
            NotImplementedError,
            EOFError,
            zlib.error,
        ) as error:
            raise DataError(f"{origin} cannot be read ({error}); fetch the archive again") from error

    def state(self, names: Iterable[str]) -> list[object]:
        known = self._path.stat()
        return ["archive", known.st_size, known.st_mtime_ns]


def _text(content: bytes, origin: str) -> str:
    """Decode a report; bytes that are no UTF-8 become the replacement character."""
    if len(content) > LIMIT:
        raise DataError(f"{origin}: more than {LIMIT} bytes; that is no report")
    return content.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
