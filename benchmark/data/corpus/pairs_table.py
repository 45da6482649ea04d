"""The table of an own corpus: CSV or JSON lines, one row per image, every field a text."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TextIO

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import COMPRESSIONS, holds
from lovt_bench.benchmark.data.tables import delimiter, empty_rows, open_text
from lovt_bench.benchmark.data.walk import MISSING, file_problem

COLUMNS = ("image", "text", "findings", "impression", "study", "patient", "split", "view", "date")
"""What a table may have; `image` it must have. Other columns are labels if they are declared, else not used."""

LONGEST_FIELD = 1_000_000
"""Characters."""


def read_rows(path: Path) -> tuple[list[str], list[tuple[str, dict[str, str]]], list[str]]:
    """Return the columns of a table, of each row what messages call it and its fields, stripped, and remarks.

    Raises:
        DataError: Not UTF-8, not CSV or JSON lines, a column repeated, or a row of another length.
    """
    empty: list[int] = []
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in COMPRESSIONS]
    with open_text(path) as stream:
        if suffixes[-1:] in ([".jsonl"], [".ndjson"]):
            rows = list(_jsonl(path, stream))
        else:
            with _long_fields():
                rows = list(_csv(path, stream, empty))
    columns = list(dict.fromkeys(name for _, row in rows for name in row))
    return columns, rows, empty_rows(path, empty)


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let reports be long; the limit is one for the whole process, and other tables keep theirs."""
    limit = csv.field_size_limit()
    csv.field_size_limit(max(limit, LONGEST_FIELD))
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _csv(path: Path, stream: TextIO, empty: list[int]) -> Iterator[tuple[str, dict[str, str]]]:
    reader = csv.reader(stream, delimiter=delimiter(stream), strict=True)
    header = [name.strip() for name in next(reader, [])]
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        raise DataError(f"{path}: column {repeated[0]!r} is there twice")
    for number, fields in enumerate(reader, start=1):
        if not any(value.strip() for value in fields):
            empty.append(number)
            continue
        origin = f"{path.name} row {number}"
        if len(fields) != len(header):
            raise DataError(
                f"{origin}: {len(header)} fields expected ({', '.join(header)}), found {len(fields)}; "
                "a text that holds commas or line breaks must stand in double quotes"
            )
        yield origin, {name: field.strip() for name, field in zip(header, fields, strict=True)}


def _jsonl(path: Path, stream: TextIO) -> Iterator[tuple[str, dict[str, str]]]:
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        origin = f"{path.name} line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{origin}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise DataError(f"{origin}: one JSON object per line expected, found {type(row).__name__}")
        yield origin, {name: _text(origin, name, value) for name, value in row.items()}


def _text(origin: str, name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str | int | float):
        # JSON can spell halves of a character that no UTF-8 file can hold.
        return str(value).encode("utf-8", "replace").decode().strip()
    raise DataError(f"{origin}: {name} must be a text or a number, found {type(value).__name__}")


def image_source(text: str, raw: Path, origin: str) -> str:
    """Return the path of an image relative to the raw folder, in its shortest form.

    Raises:
        DataError: It is empty, leads out of the folder, or there is no such file.
    """
    path = PurePosixPath(text)
    outside = (
        path.is_absolute()
        or ".." in path.parts
        or PureWindowsPath(text).drive
        or "\\" in text
        or "\0" in text
    )
    if not path.parts or outside:
        raise DataError(
            f"{origin}: image {text!r}; expected a path relative to {raw}, with forward slashes and without '..'"
        )
    problem = file_problem(raw / path)
    if problem == MISSING:
        folder = (raw / path).parent
        there = holds(folder, [path.name]) if folder.is_dir() else holds(raw, [path.parts[0]])
        raise DataError(f"{origin}: image {text} is missing in {raw}. {there}")
    if problem:
        raise DataError(f"{origin}: image {text} in {raw}: {problem}")
    return path.as_posix()


def label_value(text: str, origin: str, name: str) -> float:
    """Return 1 for positive or uncertain (1, -1) and 0 for negative or blank (0, nothing).

    Raises:
        DataError: Another value.
    """
    try:
        value = float(text or 0)
    except ValueError:
        value = float("nan")
    if value not in (-1, 0, 1):
        raise DataError(f"{origin}: {name} is {text!r}; expected 1, 0, -1 (uncertain) or nothing")
    return abs(value)
