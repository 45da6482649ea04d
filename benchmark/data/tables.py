"""Read label tables strictly: an unexpected column is an error, so that no wrong file is half understood.

Every field is a text: `nan`, `null`, `NA` and `001` are names like any other.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, TextIO, cast

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.walk import file_problem, is_clutter

SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
"""An image ID becomes a file name: letters, digits, `.`, `_`, `-`, not beginning with a dot."""

SHOWN = 5
"""Empty rows that are named."""


@dataclass
class Table:
    """A CSV file that is read once, row by row.

    Attributes:
        others: Whether there may be columns that are not known; they are not read.
        empty: Numbers of the rows without any value, known at the end; they are passed over.
    """

    path: Path
    required: tuple[str, ...]
    known: tuple[str, ...]
    aliases: Mapping[str, str]
    others: bool = False
    empty: list[int] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield (row number, fields by column); rows count from 1 after the header."""
        with open_text(self.path) as stream:
            reader = csv.reader(stream, delimiter=delimiter(stream))
            header = [self.aliases.get(name.strip(), name.strip()) for name in next(reader, [])]
            checked = [name for name in header if name in self.known] if self.others else header
            _check_header(self.path, checked, self.required, self.known)
            for number, fields in enumerate(reader, start=1):
                if not any(value.strip() for value in fields):
                    self.empty.append(number)
                    continue
                if len(fields) > len(header):
                    raise DataError(
                        f"{self.path}: row {number}: {len(header)} fields expected, found {len(fields)}"
                    )
                row = dict(zip(header, [*fields, *[""] * (len(header) - len(fields))], strict=True))
                yield number, {name: row[name] for name in self.known if name in row}

    def remarks(self) -> list[str]:
        """Return a sentence about the empty rows that were read, if there were any."""
        return empty_rows(self.path, self.empty)


def read_table(
    path: Path,
    required: Iterable[str],
    optional: Iterable[str] = (),
    aliases: Mapping[str, str] = MappingProxyType({}),
    others: bool = False,
) -> Table:
    """Return a CSV file (also gzipped or zipped) as an iterable of (row number, fields by column).

    Headers are stripped of blanks and renamed by `aliases`; columns without a name are ignored, and with `others` those
    that are not known.

    Raises:
        DataError: While it is read: no such file, not UTF-8, a column is missing or not known, a row has too many
            fields.
    """
    required = tuple(required)
    return Table(path, required, (*required, *optional), aliases, others)


def empty_rows(path: Path, rows: list[int]) -> list[str]:
    """Return a sentence about the empty rows of a table, if there are any."""
    if not rows:
        return []
    shown = ", ".join(map(str, rows[:SHOWN])) + ", …" * (len(rows) > SHOWN)
    return [f"{path.name}: empty rows passed over: {len(rows)} (row {shown})."]


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a UTF-8 text, plain, `.gz` or `.zip` (its only file); what goes wrong in the block names the file.

    Raises:
        DataError: It is missing, no regular file, damaged, or not UTF-8 or CSV.
    """
    if problem := file_problem(path):
        raise DataError(f"{path}: {problem}")
    try:
        with _open_bytes(path) as content, io.TextIOWrapper(content, "utf-8-sig", newline="") as stream:
            yield stream
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a CSV file in UTF-8: {error}; save it again in UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{path}: not a CSV file: {error}") from error
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{path}: cannot be read ({error}); fetch it again") from error


def delimiter(stream: TextIO) -> str:
    """Return what separates the columns of a table that was just opened: a comma, semicolon or tab."""
    header = stream.readline()
    stream.seek(0)
    return "," if "," in header else next((mark for mark in ";\t" if mark in header), ",")


@contextmanager
def _open_bytes(path: Path) -> Iterator[IO[bytes]]:
    if path.suffix.lower() == ".gz":
        with gzip.open(path) as unpacked:
            yield cast(IO[bytes], unpacked)
    elif path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            members = [
                one for one in archive.namelist() if not any(map(is_clutter, one.rstrip("/").split("/")))
            ]
            files = [one for one in members if not one.endswith("/")]
            if len(files) != 1:
                raise DataError(f"{path}: one file expected in the archive, found {len(files)}; unpack it")
            with archive.open(files[0]) as content:
                yield content
    else:
        with path.open("rb") as content:
            yield content


def _check_header(path: Path, header: list[str], required: Iterable[str], known: Iterable[str]) -> None:
    named = [name for name in header if name]
    unknown = [name for name in named if name not in known]
    missing = [name for name in required if name not in named]
    repeated = sorted({name for name in named if named.count(name) > 1})
    for what, names in (("unknown", unknown), ("missing", missing), ("repeated", repeated)):
        if names:
            listed = ", ".join(repr(name) for name in names)
            raise DataError(f"{path}: {what} column {listed}; expected: {', '.join(map(repr, known))}")


def safe_id(text: str) -> bool:
    """Say whether a text can be an image ID, that is a file name without a path."""
    return SAFE_ID.fullmatch(text) is not None


def parse_box(fields: Iterable[str]) -> tuple[float, float, float, float]:
    """Return x, y, w, h of four number fields.

    Raises:
        ValueError: Not finite numbers, or a side that is not positive.
    """
    texts = [field.strip() for field in fields]
    try:
        x, y, w, h = (float(text) for text in texts)
    except ValueError:
        raise ValueError(f"box needs four numbers x, y, w, h, found {texts}") from None
    if not all(math.isfinite(number) for number in (x, y, w, h)):
        raise ValueError(f"box needs finite numbers, found {texts}")
    if w <= 0 or h <= 0:
        raise ValueError(f"box sides must be positive, found width {w:g}, height {h:g}")
    return x, y, w, h


def box_of_corners(fields: Iterable[str]) -> tuple[float, float, float, float]:
    """Return x, y, w, h of four number fields: left, top, right, bottom.

    Raises:
        ValueError: Not finite numbers, or the second corner is not right of and below the first.
    """
    texts = [field.strip() for field in fields]
    try:
        left, top, right, bottom = (float(text) for text in texts)
    except ValueError:
        raise ValueError(f"box needs four numbers left, top, right, bottom, found {texts}") from None
    return parse_box(map(str, (left, top, right - left, bottom - top)))
