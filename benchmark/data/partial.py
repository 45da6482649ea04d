"""Work in progress of one store: rows as they are done, so that a preparation that was cut off goes on.

Lives in `.partial-<name>/` beside the stores. A row counts as done when the journal names it and the
checksum of its pixels and masks agrees; anything else is done again.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.data import format as fmt
from benchmark.data.lock import preparing
from benchmark.data.process import Row
from benchmark.data.row_file import RowFile


@dataclass
class Partial:
    """Rows of a store that is being made; `done` maps a row to its line of the journal."""

    folder: Path
    images: RowFile
    masks: RowFile
    done: dict[int, bytes] = field(default_factory=dict)

    def put(self, rows: Sequence[tuple[int, Row]]) -> None:
        """Write rows, then name them in the journal."""
        for place, row in rows:
            self.images.write(place, row.pixels)
            self.masks.write(place, row.masks)
            known = {
                "row": place,
                "checksum": self._checksum(place),
                "boxes": row.boxes.tolist(),
                "classes": row.box_classes.tolist(),
                "mean": row.mean,
                "variance": row.variance,
                "height": row.height,
                "width": row.width,
                "source_sha256": row.source_sha256,
            }
            self.done[place] = json.dumps(known).encode() + b"\n"
        with (self.folder / "journal.jsonl").open("ab") as stream:
            stream.write(b"".join(self.done[place] for place, _ in rows))

    def known(self, place: int) -> dict[str, Any]:
        """Return what the journal knows of a row that is done."""
        known: dict[str, Any] = json.loads(self.done[place])
        return known

    def _checksum(self, place: int) -> int:
        return zlib.crc32(self.masks.read(place), zlib.crc32(self.images.read(place)))

    def restore(self) -> None:
        """Take over the rows that an earlier preparation finished."""
        journal = self.folder / "journal.jsonl"
        if not journal.is_file():
            return
        for line in journal.read_bytes().splitlines(keepends=True):
            try:
                known = json.loads(line)
                if known["checksum"] == self._checksum(known["row"]):
                    self.done[known["row"]] = line if line.endswith(b"\n") else line + b"\n"
            except (ValueError, KeyError, IndexError, TypeError):
                continue  # the last line of a process that was killed
        # A torn last line must not swallow the next one.
        journal.write_bytes(b"".join(self.done.values()))

    def keep_rows(self, rows: Sequence[int]) -> None:
        """Shorten the arrays to some rows, in ascending order."""
        if len(rows) < len(self.images):
            self.images.keep(rows)
            self.masks.keep(rows)


@contextmanager
def partial_store(target: Path, sources: str, rows: int, side: int, classes: int) -> Iterator[Partial]:
    """Open the work in progress of the store `target`, or begin it where none is from the same sources.

    Raises:
        DataError: Another process is preparing the same store.
    """
    folder = target.parent / f".partial-{target.name}"
    with preparing(target):
        folder.mkdir(exist_ok=True)
        mark = folder / "sources"
        if not mark.is_file() or mark.read_text() != sources:
            shutil.rmtree(folder)
            folder.mkdir()
            for name, shape in (
                (fmt.IMAGES, (rows, side, side)),
                (fmt.MASKS, (rows, classes, fmt.packed_size(side))),
            ):
                RowFile.create(folder / name, shape).close()
            mark.write_text(sources)
        partial = Partial(folder, RowFile(folder / fmt.IMAGES), RowFile(folder / fmt.MASKS))
        partial.restore()
        try:
            yield partial
        finally:
            partial.images.close()
            partial.masks.close()
