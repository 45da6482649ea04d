"""Work in progress of one store: rows as they are done.

A row counts as done when the journal names it and its pixels and masks on disk have the digest that they had before
they were written; anything else is done again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data import format as fmt
from benchmark.data.errors import DataError
from benchmark.data.patient_key import fingerprint, hashed
from benchmark.data.process import Row
from benchmark.data.row_file import RowFile, npy_header
from benchmark.data.work import JOURNAL, Journal, deliver, work_on
from benchmark.disk.digest import DigestedFile


@dataclass
class Partial:
    """Rows of a store that is being made; `done` maps a row to its entry of the journal."""

    folder: Path
    images: RowFile
    masks: RowFile
    journal: Journal
    key: bytes
    """Key of the hashes that stand for patients: no identifier is written."""
    done: dict[int, bytes] = field(default_factory=dict)

    def put(self, rows: Sequence[tuple[int, Row]]) -> None:
        """Write rows, then name them in the journal."""
        for place, row in rows:
            known = {
                "row": place,
                "sha256": _digest(row.pixels.tobytes(), row.masks.tobytes()),
                "boxes": row.boxes.tolist(),
                "classes": row.box_classes.tolist(),
                "mean": row.mean,
                "variance": row.variance,
                "height": row.height,
                "width": row.width,
                "source_sha256": row.source_sha256,
                "sex": row.person.sex,
                "age": row.person.age,
                "view": row.person.view,
                "patient": hashed(row.person.patient, self.key),
                "lesion_areas": row.lesion_areas,
            }
            self.images.write(place, row.pixels)
            self.masks.write(place, row.masks)
            self.done[place] = json.dumps(known).encode()
        self.journal.append(self.done[place] for place, _ in rows)

    def known(self, place: int) -> dict[str, Any]:
        """Return what the journal knows of a row that is done."""
        known: dict[str, Any] = json.loads(self.done[place])
        return known

    def restore(self) -> None:
        """Take over the rows that an earlier preparation finished."""
        self.journal.restore(self._take_over)

    def _take_over(self, entry: bytes) -> bool:
        known = json.loads(entry)
        place = known["row"]
        self.done.pop(place, None)
        if known["sha256"] == _digest(self.images.read(place), self.masks.read(place)):
            self.done[place] = entry
        return True

    def deliver(self, folder: Path, rows: Sequence[int]) -> dict[str, str]:
        """Give the arrays with some rows, in ascending order, to a folder; return the SHA-256 of each by name.

        Raises:
            DataError: What lies on disk is not what was written; that row is done again by the next call.
        """
        files = (self.images, self.masks)
        every = len(rows) == len(self.images)
        with ExitStack() as stack:
            # Whole files are given as they are; without the images that were left out they are copied.
            paths = [None if every else folder / file.path.name for file in files]
            copies = [stack.enter_context(DigestedFile(path)) for path in paths]
            for file, copy in zip(files, copies, strict=True):
                copy.write(npy_header((len(rows), *file.shape[1:])))
            for place in rows:
                contents = [file.read(place) for file in files]
                if _digest(*contents) != self.known(place)["sha256"]:
                    raise DataError(
                        f"{self.folder}: row {place} is not on disk as it was written. Check the disk and call again: "
                        "that image is done anew"
                    )
                for copy, content in zip(copies, contents, strict=True):
                    copy.write(content)
        for file in files if every else ():
            deliver(file.path, folder)
        return {file.path.name: copy.sha256 for file, copy in zip(files, copies, strict=True)}


def _digest(pixels: bytes, masks: bytes) -> str:
    return hashlib.sha256(pixels + masks).hexdigest()


@contextmanager
def partial_store(
    target: Path, sources: str, rows: int, side: int, classes: int, key: bytes
) -> Iterator[Partial]:
    """Open the work in progress of the store `target`, or begin it where none is from the same sources and key.

    Raises:
        DataError: Another process is preparing the same store.
    """
    shapes = {fmt.IMAGES: (rows, side, side), fmt.MASKS: (rows, classes, fmt.packed_size(side))}

    def begin(folder: Path) -> None:
        for name, shape in shapes.items():
            RowFile.create(folder / name, shape).close()

    with work_on(
        target, f"{sources} {fingerprint(key)}", begin, lambda folder: _has(folder, shapes)
    ) as folder:
        partial = Partial(
            folder, RowFile(folder / fmt.IMAGES), RowFile(folder / fmt.MASKS), Journal(folder / JOURNAL), key
        )
        try:
            partial.restore()
            yield partial
        finally:
            partial.images.close()
            partial.masks.close()
            partial.journal.close()


def _has(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Return whether the arrays are there and can be gone on with."""
    try:
        found = {name: np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in shapes}
    except (OSError, ValueError, EOFError):
        return False
    return all((found[name].dtype, found[name].shape) == (np.uint8, shape) for name, shape in shapes.items())
