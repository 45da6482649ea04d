"""Read label tables strictly: an unexpected column is an error, so that no wrong file is half understood."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from benchmark.data.errors import DataError

SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
"""An image ID becomes a file name: letters, digits, `.`, `_`, `-`, not beginning with a dot."""


def read_table(
    path: Path,
    required: Iterable[str],
    optional: Iterable[str] = (),
    aliases: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (row number, fields by column) of a CSV file; rows count from 1 after the header.

    Headers are stripped of blanks and renamed by `aliases`; columns without a name are ignored.

    Raises:
        DataError: No such file, not UTF-8, a column is missing or not known, a row has too many fields.
    """
    required, known = list(required), [*required, *optional]
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            header = [aliases.get(name.strip(), name.strip()) for name in next(reader, [])]
            _check_header(path, header, required, known)
            for number, fields in enumerate(reader, start=1):
                if not fields:
                    continue
                if len(fields) > len(header):
                    raise DataError(
                        f"{path}: row {number}: {len(header)} fields expected, found {len(fields)}"
                    )
                row = dict(zip(header, [*fields, *[""] * (len(header) - len(fields))], strict=True))
                yield number, {name: row[name] for name in known if name in row}
    except FileNotFoundError:
        raise DataError(f"{path}: file is missing; check --raw, or see docs/data.md for the layout") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a CSV file in UTF-8: {error}") from error


def _check_header(path: Path, header: list[str], required: list[str], known: list[str]) -> None:
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
