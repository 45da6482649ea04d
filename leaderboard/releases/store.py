"""The inputs of releases, `<versions>/inputs/<sha256>.gz`: named by their content, written once, never changed.

A file that several releases rest on is there once. The name is the digest of what is inside, so that what gzip
writes does not matter; `gzip -dc` shows it.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import zlib
from pathlib import Path

from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.contract.record_file import FILE_LIMIT
from lovt_bench.benchmark.disk.temporary import write_bytes
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.show.rendering import digest

INPUTS = "inputs"

_DIGEST = re.compile(r"[0-9a-f]{64}")


class MissingInputError(LeaderboardError):
    """The store does not hold what a version names, or something else under its name."""


def keep(versions: Path, content: bytes) -> str:
    """Store content if it is not there and return its digest.

    Raises:
        MissingInputError: Something else is there under its name.
        OSError: With the path.
    """
    sha256 = digest(content)
    target = _path(versions, sha256)
    if os.path.lexists(target):
        fetch(versions, sha256)
    else:
        write_bytes(target, gzip.compress(content, compresslevel=9, mtime=0))
    return sha256


def fetch(versions: Path, sha256: str) -> bytes:
    """Return the content of that digest.

    Raises:
        MissingInputError: It is not there, a link, not gzip, larger than an input may be, or other content.
    """
    where = place(sha256)
    try:
        packed = read_plain(_path(versions, sha256), FILE_LIMIT)
    except (OSError, PlainFileError) as error:
        raise MissingInputError(f"{where} is missing; bring it back from the repository's history") from error
    try:
        with gzip.open(io.BytesIO(packed)) as unpacked:
            content = unpacked.read(FILE_LIMIT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise MissingInputError(f"{where} is damaged ({error})") from error
    if digest(content) != sha256:
        raise MissingInputError(f"{where} holds something else than its name says")
    return content


def place(sha256: str) -> str:
    """Return where an input lies below the folder of versions. Raises MissingInputError for what is no digest."""
    if not _DIGEST.fullmatch(sha256):
        raise MissingInputError(f"{sha256[:80]!r} is no SHA-256")
    return f"{INPUTS}/{sha256}.gz"


def _path(versions: Path, sha256: str) -> Path:
    return versions / place(sha256)
