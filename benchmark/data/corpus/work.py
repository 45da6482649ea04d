"""Work in progress of one corpus: pixels and a journal, so that a preparation that was cut off goes on.

Lives in `.partial-<name>/` beside the corpora. Line n of the journal is study n of the listing. A study counts as done
when its line can be read and the checksum of its pixels agrees; the first one that does not ends what is taken over.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydantic import ValidationError

from benchmark.contract.base import Model
from benchmark.data.corpus import format as fmt
from benchmark.data.corpus.process import Done, SplitReport
from benchmark.data.errors import DataError
from benchmark.data.lock import preparing

JOURNAL, SOURCES = "journal.jsonl", "sources"


class ImageEntry(Model):
    """One stored image."""

    place: int
    """Its number among the listed images of its study."""
    height: int
    width: int
    source_height: int
    source_width: int
    mean: float
    variance: float
    truncated: bool


class Entry(Model):
    """One line of the journal."""

    images: list[ImageEntry]
    report: SplitReport
    left_out: list[str]
    checksum: int
    """CRC-32 of the pixels."""

    def size(self) -> int:
        """Return the bytes of the pixels."""
        return sum(image.height * image.width for image in self.images)


class Work:
    """Pixels and journal of a corpus that is being made.

    Attributes:
        done: Number of studies in the journal.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.done, self._size = folder, 0, 0
        self._pixels: BinaryIO = (folder / fmt.PIXELS).open("r+b")
        self._header()
        self._restore()
        self._journal = (folder / JOURNAL).open("a", encoding="utf-8")

    def add(self, done: Done) -> None:
        """Keep the next study of the listing.

        Raises:
            DataError: The disk is full.
        """
        checksum, places = 0, {image: place for place, image in enumerate(done.study.images)}
        try:
            for _, image in done.images:
                self._pixels.write(image.pixels.data)
                checksum = zlib.crc32(image.pixels.data, checksum)
                self._size += image.pixels.size
            self._pixels.flush()
            images = [
                ImageEntry(
                    place=places[listed],
                    height=image.pixels.shape[0],
                    width=image.pixels.shape[1],
                    source_height=image.source_height,
                    source_width=image.source_width,
                    mean=image.mean,
                    variance=image.variance,
                    truncated=image.truncated,
                )
                for listed, image in done.images
            ]
            entry = Entry(images=images, report=done.report, left_out=done.left_out, checksum=checksum)
            self._journal.write(entry.to_json(indent=None))
            self._journal.flush()
        except OSError as error:
            raise DataError(
                f"{fmt.PIXELS} cannot be written after {self._size / 1e9:.1f} GB: {error.strerror}. Free some disk and "
                "call again (what is done is kept); docs/corpus.md says how much a corpus takes"
            ) from error
        self.done += 1

    def entries(self) -> Iterator[Entry]:
        """Yield the journal, one entry a study of the listing."""
        with (self.folder / JOURNAL).open(encoding="utf-8") as stream:
            for line in stream:
                yield Entry.model_validate_json(line)

    def finish(self) -> None:
        """Give the pixels their length and take the journal away."""
        self._header()
        self.close()
        for name in (JOURNAL, SOURCES):
            (self.folder / name).unlink()

    def close(self) -> None:
        self._pixels.close()
        self._journal.close()

    def _header(self) -> None:
        """Write the NumPy header; it leaves room for any length, so a later one fits in the same place."""
        self._pixels.seek(0)
        shape: dict[str, Any] = {"descr": "|u1", "fortran_order": False, "shape": (self._size,)}
        np.lib.format.write_array_header_1_0(self._pixels, shape)

    def _restore(self) -> None:
        """Take over the studies that an earlier preparation finished, and cut off what comes after them."""
        path, kept = self.folder / JOURNAL, 0
        path.touch()
        start = self._pixels.tell()
        with path.open("rb") as stream:
            for line in stream:
                try:
                    entry = Entry.model_validate_json(line)
                except ValidationError:
                    break  # the last line of a process that was killed
                pixels = self._pixels.read(entry.size())
                if (
                    len(pixels) != entry.size()
                    or zlib.crc32(pixels) != entry.checksum
                    or not line.endswith(b"\n")
                ):
                    break
                self._size += len(pixels)
                self.done += 1
                kept += len(line)
        with path.open("r+b") as stream:
            stream.truncate(kept)
        self._pixels.truncate(start + self._size)
        self._pixels.seek(start + self._size)


@contextmanager
def work_on(target: Path, sources: str) -> Iterator[Work]:
    """Open the work in progress of the corpus `target`, or begin it where none is from the same sources.

    Raises:
        DataError: Another process is preparing the same corpus.
    """
    folder = target.parent / f".partial-{target.name}"
    with preparing(target):
        folder.mkdir(exist_ok=True)
        mark = folder / SOURCES
        if not mark.is_file() or mark.read_text() != sources:
            shutil.rmtree(folder)
            folder.mkdir()
            (folder / fmt.PIXELS).touch()
            mark.write_text(sources)
        work = Work(folder)
        try:
            yield work
        finally:
            work.close()


def discard(work: Work) -> None:
    """Throw the work away: from these sources no corpus can come."""
    work.close()
    shutil.rmtree(work.folder)
