"""The table of an own corpus: CSV or JSON lines, one row per image, every field a text."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from benchmark.data.errors import DataError

COLUMNS = ("image", "text", "findings", "impression", "study", "patient", "split", "view", "date")
"""What a table may have; `image` it must have. Other columns are labels if they are declared, else not used."""

LONGEST_FIELD = 1_000_000
"""Characters."""


def read_rows(path: Path) -> tuple[list[str], list[tuple[str, dict[str, str]]]]:
    """Return the columns of a table, and of each row what messages call it and its fields, stripped.

    Raises:
        DataError: Not UTF-8, not CSV or JSON lines, a column repeated, or a row of another length.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(
                _jsonl(path, stream) if path.suffix.lower() in (".jsonl", ".ndjson") else _csv(path, stream)
            )
    except FileNotFoundError:
        raise DataError(
            f"{path}: file is missing; --table names the CSV or JSONL file of the corpus"
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a CSV or JSONL table in UTF-8: {error}") from error
    columns = list(dict.fromkeys(name for _, row in rows for name in row))
    return columns, rows


def _csv(path: Path, stream: Any) -> Iterator[tuple[str, dict[str, str]]]:
    limit = csv.field_size_limit()
    csv.field_size_limit(max(limit, LONGEST_FIELD))
    reader = csv.reader(stream, strict=True)
    header = [name.strip() for name in next(reader, [])]
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        raise DataError(f"{path}: column {repeated[0]!r} is there twice")
    for number, fields in enumerate(reader, start=1):
        if not fields:
            continue
        origin = f"{path.name} row {number}"
        if len(fields) != len(header):
            raise DataError(
                f"{origin}: {len(header)} fields expected ({', '.join(header)}), found {len(fields)}; "
                "a text that holds commas or line breaks must stand in double quotes"
            )
        yield origin, {name: field.strip() for name, field in zip(header, fields, strict=True)}


def _jsonl(path: Path, stream: Any) -> Iterator[tuple[str, dict[str, str]]]:
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
    if not (raw / path).is_file():
        raise DataError(f"{origin}: image {text} is missing in {raw}")
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
