"""Names of classes as tables, metrics and files can hold them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.own.text import read_lines

MOST = 100
LONGEST = 40
RESERVED = {"avg", "mean"}
"""`avg_dice` is the mean over classes."""


def class_name(text: str) -> str:
    """Return a class name of letters, digits and `_`: everything else becomes `_`.

    >>> class_name("Pleural thickening/effusion ")
    'Pleural_thickening_effusion'
    """
    return re.sub(r"_+", "_", re.sub(r"\W", "_", text)).strip("_")[:LONGEST]


def class_lines(path: Path, limit: int) -> list[str]:
    """Return the lines of a file that names classes by their place: line 2 is always the second class.

    Raises:
        DataError: As `read_lines`, or a blank line has others after it.
    """
    lines = read_lines(path, limit)
    while lines and not lines[-1]:
        lines.pop()
    if "" in lines:
        raise DataError(
            f"{path} line {lines.index('') + 1}: blank, but the place of a line is the number of its class; name the "
            "class, or take the line out"
        )
    return lines


def class_names(texts: Sequence[str], origin: str) -> tuple[str, ...]:
    """Return the names of classes in their order.

    Raises:
        DataError: There are none or too many, one has no letter or digit, or two come to the same.
    """
    if not 0 < len(texts) <= MOST:
        raise DataError(
            f"{origin}: expected 1 to {MOST} classes, found {len(texts)}; annotate at least one object, and prepare "
            "parts of more classes apart"
        )
    names = [class_name(text) for text in texts]
    for name, text in zip(names, texts, strict=True):
        shown = clean_text(text, LONGEST)
        if not name or name.lower() in RESERVED:
            raise DataError(f"{origin}: {shown!r} cannot be the name of a class; give it another")
        if name.endswith("_pos") and name.removesuffix("_pos") in names:
            raise DataError(f"{origin}: {shown!r} reads like a metric of another class; give it another name")
        if names.count(name) > 1:
            raise DataError(
                f"{origin}: two classes come to the name {name} ({shown!r}); give one of them another"
            )
    return tuple(names)
