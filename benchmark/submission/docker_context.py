"""What is sent to the engine for a build: plain files, less what `.dockerignore` leaves out, bounded."""

from __future__ import annotations

import os
import stat
import tarfile
import tempfile
from pathlib import Path
from typing import IO, cast

from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.contract.untrusted import clean_text

IGNORE_FILE = ".dockerignore"
IGNORE_LIMIT = 64 * 1024
"""Bytes."""
_WILDCARDS = 5
"""`**` of one pattern; matching takes longer by a power for each."""
FILES_LIMIT = 100_000
BYTES_LIMIT = 16 << 30
"""Size of a context; weights may lie in it."""


class ContextError(ValueError):
    """A folder that cannot be sent to the engine. The message says what to do."""


def ignore_patterns(folder: Path) -> list[str]:
    """Return the patterns of a folder's `.dockerignore`; none where there is none.

    Raises:
        ContextError: It is no plain file, too large, not UTF-8, or has a pattern whose matching takes no end.
    """
    try:
        text = read_plain(folder / IGNORE_FILE, IGNORE_LIMIT).decode("utf-8-sig")
    except FileNotFoundError:
        return []
    except PlainFileError as error:
        raise ContextError(str(error)) from error
    except OSError as error:
        raise ContextError(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ContextError(f"is no UTF-8 text (byte {error.start}); save it as UTF-8") from error
    patterns = [line for raw in text.split("\n") if (line := raw.strip()) and not line.startswith("#")]
    if wild := next((pattern for pattern in patterns if pattern.count("**") > _WILDCARDS), None):
        raise ContextError(f"{clean_text(wild, 40)} has more than {_WILDCARDS} of **; write it with fewer")
    return patterns


def open_context(folder: Path, dockerfile: str) -> IO[bytes]:
    """Return an open archive of a folder, as the engine takes it; it goes when it is closed.

    Everybody may read in it what its owner may.

    Args:
        folder: The context.
        dockerfile: Path of the recipe within it; it is sent whatever is left out.

    Raises:
        ContextError: Not all of it is plain files, folders and links, or it is too large.
        OSError: Something in it cannot be read.
    """
    from docker.utils.build import exclude_paths

    try:
        patterns = ignore_patterns(folder)
    except ContextError as error:
        raise ContextError(f"{IGNORE_FILE} {error}") from error
    root = str(folder.resolve())
    paths = sorted(exclude_paths(root, patterns, dockerfile=dockerfile))
    total = 0
    for path in paths:
        status = os.lstat(os.path.join(root, path))  # noqa: PTH118 (one of many thousand)
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode)):
            raise ContextError(
                f"{clean_text(path, 80)} is no plain file; remove it, or name it in {IGNORE_FILE}"
            )
        total += status.st_size
    if len(paths) > FILES_LIMIT or total > BYTES_LIMIT:
        raise ContextError(
            f"{len(paths):,} files of {total / 2**30:.1f} GiB would be sent to the engine, at most {FILES_LIMIT:,} of "
            f"{BYTES_LIMIT >> 30} GiB; leave some out with {IGNORE_FILE}"
        )
    return _archive(root, paths)


def _archive(root: str, paths: list[str]) -> IO[bytes]:
    file = cast("IO[bytes]", tempfile.TemporaryFile())  # noqa: SIM115
    with tarfile.open(fileobj=file, mode="w") as archive:
        for path in paths:
            whole = os.path.join(root, path)  # noqa: PTH118
            entry = archive.gettarinfo(whole, arcname=path)
            # A container is not the owner of what its recipe copied: a umask of 077 here would be its failure.
            entry.mode |= (entry.mode & 0o500) >> 3 | (entry.mode & 0o500) >> 6
            if entry.isfile():
                with open(whole, "rb") as content:  # noqa: PTH123
                    archive.addfile(entry, content)
            else:
                archive.addfile(entry)
    file.seek(0)
    return file
