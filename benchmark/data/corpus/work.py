"""Work in progress of one corpus: pixels one after the other.

Entry n of the journal is study n of the listing. A study counts as done when its pixels on disk have the digest that
they had before they were written; the first one that has not ends what is taken over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import ValidationError

from lovt_bench.benchmark.contract.base import Model, Sha256
from lovt_bench.benchmark.data.corpus import format as fmt
from lovt_bench.benchmark.data.corpus.process import Done, SplitReport
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.npy import npy_header
from lovt_bench.benchmark.data.work import JournalledFiles, deliver, work_on
from lovt_bench.benchmark.disk.digest import Bytes


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

    def __init__(self, files: JournalledFiles) -> None:
        self.folder, self.done, self._size, self._files = files.folder, 0, 0, files
        # The header leaves room for any length, so a later one fits in the same place.
        self._start = len(npy_header((0,)))
        files.journal.restore(self._take_over)
        files.truncate(fmt.PIXELS, self._start + self._size)

    def add(self, done: Done) -> None:
        """Keep the next study of the listing.

        Raises:
            DataError: The disk is full.
        """
        places = {image: place for place, image in enumerate(done.study.images)}
        parts: list[tuple[str, int, Bytes]] = []
        end = self._start + self._size
        for _, image in done.images:
            parts.append((fmt.PIXELS, end, image.pixels.data))
            end += image.pixels.size
        try:
            sha256 = self._files.write(parts)
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
            entry = Entry(images=images, report=done.report, left_out=done.left_out, sha256=sha256)
            self._files.journal.append([entry.model_dump_json().encode()])
        except OSError as error:
            raise DataError(
                f"{self.folder / fmt.PIXELS} cannot be written after {self._size / 1e9:.1f} GB: {error.strerror}. "
                "Free some disk and call again (what is done is kept); docs/corpus.md says how much a corpus takes"
            ) from error
        self.done, self._size = self.done + 1, end - self._start

    def entries(self) -> Iterator[Entry]:
        """Yield the journal, one entry a study of the listing."""
        return (Entry.model_validate_json(entry) for entry in self._files.journal.entries())

    def deliver(self, folder: Path) -> dict[str, str]:
        """Give the pixels, with their length in the header, to a folder; return their SHA-256 by name.

        Raises:
            DataError: What lies on disk is not what was written; that study is done again by the next call.
        """
        header = npy_header((self._size,))
        self._files.write([(fmt.PIXELS, 0, header)])
        whole, at = hashlib.sha256(header), self._start
        for number, entry in enumerate(self.entries()):
            contents = self._files.read([(fmt.PIXELS, at, entry.size())], entry.sha256)
            if contents is None:
                raise self._files.lost(f"study {number}", "it is done anew with what comes after it")
            whole.update(contents[0])
            at += entry.size()
        deliver(self.folder / fmt.PIXELS, folder)
        return {fmt.PIXELS: whole.hexdigest()}

    def _take_over(self, line: bytes) -> bool:
        try:
            entry = Entry.model_validate_json(line)
        except ValidationError:
            return False
        if self._files.read([(fmt.PIXELS, self._start + self._size, entry.size())], entry.sha256) is None:
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

    with (
        work_on(target, sources, begin, lambda folder: (folder / fmt.PIXELS).is_file()) as folder,
        closing(JournalledFiles(folder, [fmt.PIXELS])) as files,
    ):
        yield Work(files)
