"""`results.csv` of a submitter: the numbers that a submission claims. Nothing of it is believed, all of it is checked.

The header says the unit: `task,percent` or `task,fraction`, with `interval95` (half-width, same unit) after it if there
is one. A column `value` is refused, because 46.3 and 0.463 would both be read without complaint.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Collection
from pathlib import Path

from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.contract.submission import ClaimedNumber
from lovt_bench.benchmark.contract.unknown import nearest
from lovt_bench.benchmark.contract.untrusted import clean_text

SIZE_LIMIT = 64 * 1024
"""Bytes; 18 tasks take about five hundred."""
UNITS = {"percent": 100.0, "fraction": 1.0}
INTERVAL = "interval95"
ONE_PERCENT = 0.01
"""No published table has results that are all smaller; fractions under the header `percent` are."""
_EXPECTED = (
    "expected the columns task,percent or task,fraction, and interval95 after them if intervals are claimed"
)
_NUMBER = re.compile(r"[+-]?\d{1,6}(\.\d{0,12})?(e-?\d{1,2})?", re.IGNORECASE | re.ASCII)


class ClaimsError(ValueError):
    """A file of claimed results that cannot be taken; the message names line and remedy."""


def read_claims(path: Path, tasks: Collection[str]) -> dict[str, ClaimedNumber]:
    """Return the claimed numbers of a CSV file by task, as fractions, in the order of `tasks`.

    Args:
        path: The file.
        tasks: Ids of the known tasks.

    Raises:
        ClaimsError: Not a readable file of that form, an unknown or repeated task, a value out of range.
    """
    name = clean_text(path.name, 80)
    try:
        content = read_plain(path, SIZE_LIMIT, follow=True)
    except OSError as error:
        raise ClaimsError(f"{name} cannot be read: {error.strerror}; {_EXPECTED}") from error
    except PlainFileError as error:
        raise ClaimsError(f"{name} {error}; {_EXPECTED}, one line per task") from error
    try:
        return parse_claims(content.decode("utf-8-sig"), tasks, name)
    except UnicodeDecodeError as error:
        raise ClaimsError(f"{name} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def parse_claims(text: str, tasks: Collection[str], name: str = "results.csv") -> dict[str, ClaimedNumber]:
    """Return the claimed numbers of a CSV text; see `read_claims`."""
    if "\0" in text:
        raise ClaimsError(f"{name} holds a NUL character; {_EXPECTED}")
    reader = csv.reader(io.StringIO(text, newline=None), strict=True)
    found: dict[str, ClaimedNumber] = {}
    unit, columns = "", 0
    try:
        for cells in reader:
            fields = [cell.strip() for cell in cells]
            if not any(fields):
                continue
            where = f"{name}, line {reader.line_num}"
            if not unit:
                unit, columns = _header(fields, where), len(fields)
                continue
            task, number = _line(fields, columns, unit, where)
            if task not in tasks:
                hidden = "" if task.isprintable() else " and characters that cannot be seen"
                raise ClaimsError(f"{where}: no task {clean_text(task, 60)!r}{hidden}; {_near(task, tasks)}")
            if task in found:
                raise ClaimsError(f"{where}: task {task} is there already; keep one line")
            found[task] = number
    except csv.Error as error:
        raise ClaimsError(f"{name}, line {reader.line_num}: not CSV: {error}; {_EXPECTED}") from error
    if not found:
        raise ClaimsError(f"{name} claims nothing; {_EXPECTED}, one line per task")
    largest = max(number.value for number in found.values())
    if unit == "percent" and 0 < largest < ONE_PERCENT:
        raise ClaimsError(
            f"{name}: the column says percent, and no number reaches 1 (the largest is {100 * largest:g}); are they "
            "fractions? Then write task,fraction; else give them as fractions as well, 0.5 % as 0.005"
        )
    return {task: found[task] for task in tasks if task in found}


def _header(fields: list[str], where: str) -> str:
    names = [field.lower() for field in fields]
    if len(names) in (2, 3) and names[0] == "task" and names[1] in UNITS and names[2:] in ([], [INTERVAL]):
        return names[1]
    found = clean_text(",".join(fields), 80)
    more = "; a column called value does not say its unit" if "value" in names else ""
    raise ClaimsError(f"{where}: {_EXPECTED}; found {found!r}{more}")


def _line(fields: list[str], columns: int, unit: str, where: str) -> tuple[str, ClaimedNumber]:
    if len(fields) != columns:
        raise ClaimsError(f"{where}: {len(fields)} fields, expected {columns} as in the header")
    value = _number(fields[1], unit, unit, where)
    interval = _number(fields[2], unit, INTERVAL, where) if columns == 3 and fields[2] else None
    return fields[0], ClaimedNumber(value=value, interval95=interval)


def _number(text: str, unit: str, column: str, where: str) -> float:
    """Return a number as a fraction in [0, 1]."""
    limit = UNITS[unit]
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not 0 <= value <= limit:
        advice = "; is the unit percent?" if 1 < value <= 100 and unit == "fraction" else ""
        raise ClaimsError(
            f"{where}: {column} is {clean_text(text, 40)!r}, expected a plain number from 0 to {limit:g}{advice}"
        )
    return abs(round(value / limit, 12))


def _near(task: str, tasks: Collection[str]) -> str:
    near = nearest(task, tasks, 2)
    return f"did you mean {' or '.join(near)}?" if near else "`lovt-bench tasks list` shows them"
