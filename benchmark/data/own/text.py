"""Annotation files of strangers as bytes and texts: plain files of bearable size in UTF-8."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import COMPRESSIONS

SHOWN = 5
"""Faults of a file that a message names."""


def faults_of(error: ValidationError) -> str:
    """Return what of a file is not as expected, each with its place in the file, the first few of them."""
    faults = error.errors(include_url=False, include_input=False)
    shown = "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'file'}: {clean_text(fault['msg'], 200)}"
        for fault in faults[:SHOWN]
    )
    return shown + (f" (and {len(faults) - SHOWN} more)" if len(faults) > SHOWN else "")


def read_annotations(path: Path, limit: int) -> bytes:
    """Return the content of an annotation file.

    Raises:
        DataError: No plain file, packed, too large, or it cannot be read.
    """
    if (ending := path.suffix.lower()) in COMPRESSIONS[1:]:
        raise DataError(f"{path}: expected a plain file, found a packed one ({ending}); unpack it there")
    try:
        if (size := path.stat().st_size) > limit:  # before memory is taken for as much
            raise DataError(f"{path}: {size:,} bytes; expected at most {limit:,}: give it in parts")
        return read_plain(path, limit, follow=True)
    except PlainFileError as error:
        raise DataError(f"{path}: the file {error}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


def read_lines(path: Path, limit: int) -> list[str]:
    """Return the lines of a UTF-8 text, without blanks around them.

    Raises:
        DataError: As `read_annotations`, or no UTF-8.
    """
    try:
        text = read_annotations(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a text in UTF-8: {error}; save it again in UTF-8") from error
    return [line.strip() for line in text.splitlines()]
