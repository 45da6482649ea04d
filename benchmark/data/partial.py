"""Work in progress of one store: rows as they are done, so that a preparation that was cut off goes on.

Lives in `.partial-<name>/` beside the stores. A row counts as done when the journal names it and the
checksum of its pixels and masks agrees; anything else is done again.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data import format as fmt
from benchmark.data.errors import DataError
from benchmark.data.process import Row

BLOCK = 512


@dataclass
class Partial:
    """Rows of a store that is being made; `done` maps a row to what the journal knows of it."""

    folder: Path
    images: np.memmap
    masks: np.memmap
    done: dict[int, dict[str, Any]] = field(default_factory=dict)

    def put(self, rows: Sequence[tuple[int, Row]]) -> None:
        """Write rows, then name them in the journal."""
        lines = []
        for place, row in rows:
            self.images[place], self.masks[place] = row.pixels, row.masks
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
            self.done[place] = known
            lines.append(json.dumps(known))
        with (self.folder / "journal.jsonl").open("a", encoding="utf-8") as stream:
            stream.write("\n".join(lines) + "\n")

    def _checksum(self, place: int) -> int:
        return zlib.crc32(self.masks[place].tobytes(), zlib.crc32(self.images[place].tobytes()))

    def restore(self) -> None:
        """Take over the rows that an earlier preparation finished."""
        journal = self.folder / "journal.jsonl"
        if not journal.is_file():
            return
        for line in journal.read_text(encoding="utf-8").splitlines():
            try:
                known = json.loads(line)
                if known["checksum"] == self._checksum(known["row"]):
                    self.done[known["row"]] = known
            except (ValueError, KeyError, IndexError, TypeError):
                continue  # the last line of a process that was killed
        # A torn last line must not swallow the next one.
        lines = "".join(json.dumps(known) + "\n" for known in self.done.values())
        journal.write_text(lines, encoding="utf-8")

    def keep_rows(self, rows: Sequence[int]) -> None:
        """Shorten the arrays to some rows, in ascending order, block by block."""
        self.images.flush()
        self.masks.flush()
        if len(rows) == len(self.images):
            return
        for name, array in ((fmt.IMAGES, self.images), (fmt.MASKS, self.masks)):
            shape = (len(rows), *array.shape[1:])
            short = np.lib.format.open_memmap(self.folder / f"short-{name}", "w+", np.uint8, shape)
            for start in range(0, len(rows), BLOCK):
                block = list(rows[start : start + BLOCK])
                short[start : start + len(block)] = array[block]
            short.flush()
            (self.folder / f"short-{name}").replace(self.folder / name)


@contextmanager
def partial_store(target: Path, sources: str, rows: int, side: int, classes: int) -> Iterator[Partial]:
    """Open the work in progress of the store `target`, or begin it where none is from the same sources.

    Raises:
        DataError: Another process is preparing the same store.
    """
    folder = target.parent / f".partial-{target.name}"
    folder.mkdir(parents=True, exist_ok=True)
    lock_file = target.parent / f".lock-{target.name}"
    with lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(f"{target.name} is being prepared by another process; wait for it") from None
        mark = folder / "sources"
        if not mark.is_file() or mark.read_text() != sources:
            shutil.rmtree(folder)
            folder.mkdir()
            for name, shape in (
                (fmt.IMAGES, (rows, side, side)),
                (fmt.MASKS, (rows, classes, fmt.packed_size(side))),
            ):
                np.lib.format.open_memmap(folder / name, "w+", np.uint8, shape).flush()
            mark.write_text(sources)
        images, masks = (np.load(folder / name, mmap_mode="r+") for name in (fmt.IMAGES, fmt.MASKS))
        partial = Partial(folder, images, masks)
        partial.restore()
        try:
            yield partial
        finally:
            lock_file.unlink(missing_ok=True)
