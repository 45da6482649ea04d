"""Work in progress of one corpus: pixels one after the other.

Entry n of the journal is study n of the listing. A study counts as done when its pixels on disk have the digest that
they had before they were written; the first one that has not ends what is taken over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from benchmark.contract.base import Model, Sha256
from benchmark.data.corpus import format as fmt
from benchmark.data.corpus.process import Done, SplitReport
from benchmark.data.errors import DataError
from benchmark.data.row_file import npy_header
from benchmark.data.work import JOURNAL, Journal, deliver, work_on
from benchmark.disk.digest import read_up_to, write_all


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
    """One entry of the journal."""

    images: list[ImageEntry]
    report: SplitReport
    left_out: list[str]
    sha256: Sha256
    """Digest of the pixels."""

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
        self._pixels = (folder / fmt.PIXELS).open("r+b", buffering=0)
        self._journal = Journal(folder / JOURNAL)
        # The header leaves room for any length, so a later one fits in the same place.
        self._start = len(npy_header((0,)))
        self._pixels.seek(self._start)
        self._journal.restore(self._take_over)
        self._pixels.truncate(self._start + self._size)
        self._pixels.seek(self._start + self._size)

    def add(self, done: Done) -> None:
        """Keep the next study of the listing.

        Raises:
            DataError: The disk is full.
        """
        digest, places = hashlib.sha256(), {image: place for place, image in enumerate(done.study.images)}
        try:
            for _, image in done.images:
                digest.update(image.pixels.data)
                write_all(self._pixels, image.pixels.data)
                self._size += image.pixels.size
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
            entry = Entry(
                images=images, report=done.report, left_out=done.left_out, sha256=digest.hexdigest()
            )
            self._journal.append([entry.model_dump_json().encode()])
        except OSError as error:
            raise DataError(
                f"{self._pixels.name} cannot be written after {self._size / 1e9:.1f} GB: {error.strerror}. "
                "Free some disk and call again (what is done is kept); docs/corpus.md says how much a corpus takes"
            ) from error
        self.done += 1

    def entries(self) -> Iterator[Entry]:
        """Yield the journal, one entry a study of the listing."""
        return (Entry.model_validate_json(entry) for entry in self._journal.entries())

    def deliver(self, folder: Path) -> dict[str, str]:
        """Give the pixels, with their length in the header, to a folder; return their SHA-256 by name.

        Raises:
            DataError: What lies on disk is not what was written; that study is done again by the next call.
        """
        header = npy_header((self._size,))
        self._pixels.seek(0)
        write_all(self._pixels, header)
        whole = hashlib.sha256(header)
        for number, entry in enumerate(self.entries()):
            pixels = read_up_to(self._pixels, entry.size())
            if hashlib.sha256(pixels).hexdigest() != entry.sha256:
                raise DataError(
                    f"{self.folder}: study {number} is not on disk as it was written. Check the disk and call again: "
                    "it is done anew with what comes after it"
                )
            whole.update(pixels)
        deliver(self.folder / fmt.PIXELS, folder)
        return {fmt.PIXELS: whole.hexdigest()}

    def close(self) -> None:
        self._pixels.close()
        self._journal.close()

    def _take_over(self, line: bytes) -> bool:
        try:
            entry = Entry.model_validate_json(line)
        except ValidationError:
            return False
        if hashlib.sha256(read_up_to(self._pixels, entry.size())).hexdigest() != entry.sha256:
            return False
        self._size += entry.size()
        self.done += 1
        return True


@contextmanager
def corpus_work(target: Path, sources: str) -> Iterator[Work]:
    """Open the work in progress of the corpus `target`, or begin it where none is from the same sources.

    Raises:
        DataError: Another process is preparing the same corpus.
    """

    def begin(folder: Path) -> None:
        (folder / fmt.PIXELS).touch()

    with work_on(target, sources, begin, lambda folder: (folder / fmt.PIXELS).is_file()) as folder:
        work = Work(folder)
        try:
            yield work
        finally:
            work.close()
