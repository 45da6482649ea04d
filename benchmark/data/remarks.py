"""What libraries remark on files while they decode them: once each, with how many files and which one first."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.log import logger

SHOWN = 10
"""Different remarks that are logged before the rest is only counted."""

LIBRARIES = ("pydicom", "PIL")
"""Loggers of libraries that decode."""


@contextmanager
def collected() -> Iterator[list[str]]:
    """Yield a list that gets the warnings of the block, and what decoders log in it, instead of the terminal."""
    found: list[str] = []
    handler = _Collector(found)
    loggers = [logging.getLogger(name) for name in LIBRARIES]
    before = [one.propagate for one in loggers]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
        for one in loggers:
            one.addHandler(handler)
            one.propagate = False
        try:
            yield found
        finally:
            for one, propagate in zip(loggers, before, strict=True):
                one.removeHandler(handler)
                one.propagate = propagate
            found += [str(one.message) for one in warned]


class Remarks:
    """Remarks on the files of one preparation."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, int]] = {}

    def add(self, file: str, remarks: Iterable[str]) -> None:
        """Count the remarks on a file."""
        for remark in set(remarks):
            text = clean_text(remark.splitlines()[0] if remark else "", 200)
            first, count = self._files.get(text, (file, 0))
            self._files[text] = (first, count + 1)

    def lines(self) -> list[str]:
        """Return one line for each remark, most frequent first."""
        ordered = sorted(self._files.items(), key=lambda item: -item[1][1])
        lines = [
            f"{clean_text(file, 120)}{f' and {count - 1} more files' * (count > 1)}: {remark}"
            for remark, (file, count) in ordered[:SHOWN]
        ]
        return [*lines, f"{len(ordered) - SHOWN} other remarks"] if len(ordered) > SHOWN else lines

    def log(self) -> None:
        """Log the lines."""
        for line in self.lines():
            logger.warning("%s", line)


class _Collector(logging.Handler):
    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        self._found.append(record.getMessage())
