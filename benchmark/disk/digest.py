"""Digests of what is meant to be written, taken before it is written: what is read back proves nothing."""

from __future__ import annotations

import errno
import hashlib
import os
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

Bytes = bytes | bytearray | memoryview


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of what lies on disk, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_all(file: FileIO, content: Bytes) -> None:
    """Write all of it to an unbuffered file: one `write(2)` may take only a part.

    Args:
        file: Opened with `buffering=0`.
        content: C-contiguous where it is the memory of an array.

    Raises:
        OSError: Not all of it could be written.
    """
    view = memoryview(content)
    rest = view.cast("B") if view.nbytes else view[:0]
    while rest.nbytes:
        taken = file.write(rest)
        if not taken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest = rest[taken:]


def read_up_to(file: FileIO, size: int) -> bytes:
    """Return the next bytes of an unbuffered file, fewer than `size` only where it ends."""
    parts: list[bytes] = []
    while size and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class DigestedFile:
    """A new file that is written from its beginning to its end; `sha256` is the digest of what it was given.

    Libraries take it for an open binary file.

    Args:
        path: The file, or None to take the digest alone.
    """

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else path.open("wb", buffering=0)
        self._digest, self._size, self.closed = hashlib.sha256(), 0, False

    def write(self, content: Bytes) -> int:
        """Write and digest all of it."""
        if self._file is not None:
            write_all(self._file, content)
        self._digest.update(content)
        size = memoryview(content).nbytes
        self._size += size
        return size

    @property
    def sha256(self) -> str:
        """SHA-256 of everything that was given."""
        return self._digest.hexdigest()

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Do nothing: no byte waits here."""

    def sync(self) -> None:
        """Bring to the disk what the system holds back."""
        if self._file is not None:
            os.fdatasync(self._file.fileno())

    def close(self) -> None:
        self.closed = True
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
