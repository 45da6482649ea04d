"""The one writer of stores and corpora: files, and a journal of what is done, so that a call that was cut off goes on.

The work lies in `.partial-<name>/` beside the folder that is made. One process at a time works on it. `sources` says
what it is made from, `journal.jsonl` what is done, one line each. The finished files move from here into a new folder,
which replaces the old one whole; until then everything that was done is kept.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.disk.digest import Bytes, read_up_to, write_all
from lovt_bench.benchmark.disk.leftovers import remove
from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.disk.words import naming

JOURNAL, SOURCES = "journal.jsonl", "sources"


class Journal:
    """Lines that say what is done, each with a checksum: a line counts if all of it is there as it was meant."""

    def __init__(self, path: Path) -> None:
        path.touch()
        self._path, self._file = path, path.open("r+b", buffering=0)

    def restore(self, accept: Callable[[bytes], bool] = lambda entry: True) -> None:
        """Go through the entries in their order; the first that is torn, changed or not accepted is cut off with all
        that follow it.
        """
        kept = 0
        with self._path.open("rb") as stream:
            for line in stream:
                entry = _entry_of(line)
                if entry is None or not accept(entry):
                    break
                kept += len(line)
        self._file.truncate(kept)
        self._file.seek(kept)

    def entries(self) -> Iterator[bytes]:
        """Yield the entries in their order."""
        with self._path.open("rb") as stream:
            for line in stream:
                entry = _entry_of(line)
                if entry is None:
                    raise DataError(f"{self._path}: a line was changed while it was read; call again")
                yield entry

    def append(self, entries: Iterable[bytes]) -> None:
        """Add entries, JSON in one line each."""
        with naming(self._path):
            write_all(self._file, b"".join(b"%08x %s\n" % (zlib.crc32(entry), entry) for entry in entries))

    def close(self) -> None:
        self._file.close()


def _entry_of(line: bytes) -> bytes | None:
    checksum, _, entry = line.removesuffix(b"\n").partition(b" ")
    return entry if line.endswith(b"\n") and checksum == b"%08x" % zlib.crc32(entry) else None


Span = tuple[str, int, int]
"""Name of a file, offset and number of bytes."""


class JournalledFiles:
    """Files that are written piece by piece, and the journal that says which pieces are done.

    A piece is bytes at any places of the files. Its entry holds their digest, taken before they were written: on the
    next call the piece counts if the disk still gives these bytes.

    Args:
        folder: Where the files and the journal lie.
        names: Names of the files, which are there.
    """

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        self.folder = folder
        self._files = {name: (folder / name).open("r+b", buffering=0) for name in names}
        self.journal = Journal(folder / JOURNAL)

    def write(self, parts: Iterable[tuple[str, int, Bytes]]) -> str:
        """Write bytes into files at offsets; return the SHA-256 of all bytes in their order."""
        digest = hashlib.sha256()
        for name, offset, content in parts:
            digest.update(content)
            self._files[name].seek(offset)
            with naming(self.folder / name):
                write_all(self._files[name], content)
        return digest.hexdigest()

    def read(self, spans: Iterable[Span], sha256: str) -> list[bytes] | None:
        """Return the bytes of a piece, None if they are not what was written."""
        contents, digest = [], hashlib.sha256()
        for name, offset, size in spans:
            self._files[name].seek(offset)
            contents.append(read_up_to(self._files[name], size))
            digest.update(contents[-1])
        return contents if digest.hexdigest() == sha256 else None

    def lost(self, what: str, then: str) -> DataError:
        """Return the error for a piece that `read` does not give back."""
        return DataError(
            f"{self.folder}: {what} is not on disk as it was written. Check the disk and call again: {then}"
        )

    def truncate(self, name: str, size: int) -> None:
        """Cut a file to so many bytes."""
        self._files[name].truncate(size)

    def close(self) -> None:
        """Close the files and the journal."""
        for file in self._files.values():
            file.close()
        self.journal.close()


@contextmanager
def work_on(
    target: Path, sources: str, begin: Callable[[Path], None], usable: Callable[[Path], bool]
) -> Iterator[Path]:
    """Hold the work in progress of the folder `target`; begin it where there is none from the same sources.

    Args:
        target: The folder that is being made.
        sources: Digest of what it is made of.
        begin: Makes the files of new work in an empty folder.
        usable: Whether the files of a folder are such that work on them can go on.

    Raises:
        DataError: Another process is preparing the same folder.
    """
    with held(target):
        folder = partial_folder(target)
        mark = folder / SOURCES
        if not (mark.is_file() and mark.read_bytes() == sources.encode() and usable(folder)):
            remove(folder)
            folder.mkdir()
            begin(folder)
            write_text(mark, sources)
        yield folder


@contextmanager
def held(target: Path) -> Iterator[None]:
    """Be the only process that writes the folder `target`.

    Raises:
        DataError: Another process is.
    """
    with hold(_lock(target)) as alone:
        if not alone:
            raise DataError(f"{target.name} is being prepared by another process; wait for it")
        yield


def clear(target: Path) -> None:
    """Throw away what an earlier call left of work on a folder that is finished, unless somebody works on it."""
    folder = partial_folder(target)
    if folder.is_dir():
        with hold(_lock(target)) as alone:
            if alone:
                remove(folder)


def partial_folder(target: Path) -> Path:
    """Return where the work in progress of a folder lies."""
    return target.parent / f".partial-{target.name}"


def _lock(target: Path) -> Path:
    return target.parent / f".lock-{target.name}"


def deliver(path: Path, folder: Path) -> None:
    """Give a finished file to a folder. The work keeps it, so that a call that is killed now loses nothing."""
    try:
        os.link(path, folder / path.name)
    except OSError:  # a file system without hard links
        path.rename(folder / path.name)
