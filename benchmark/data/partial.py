"""Work in progress of one store: rows as they are done.

A row counts as done when the journal names it and its pixels and masks on disk have the digest that they had before
they were written; anything else is done again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.npy import create_array, npy_header
from lovt_bench.benchmark.data.patient_key import fingerprint, hashed
from lovt_bench.benchmark.data.process import Row
from lovt_bench.benchmark.data.work import JournalledFiles, Span, deliver, work_on
from lovt_bench.benchmark.disk.digest import DigestedFile


@dataclass
class Partial:
    """Rows of a store that is being made; `done` maps a row to its entry of the journal."""

    files: JournalledFiles
    shapes: Mapping[str, tuple[int, ...]]
    """Shapes of the arrays by the name of their file: images, then masks."""
    key: bytes
    """Key of the hashes that stand for patients: no identifier is written."""
    done: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.rows,) = {shape[0] for shape in self.shapes.values()}
        self._arrays: list[Span] = [
            (name, len(npy_header(shape)), math.prod(shape[1:])) for name, shape in self.shapes.items()
        ]
        """The first row of each array."""

    def put(self, rows: Sequence[tuple[int, Row]]) -> None:
        """Write rows, then name them in the journal."""
        for place, row in rows:
            contents = zip(self._spans(place), (row.pixels, row.masks), strict=True)
            known = {
                "row": place,
                "sha256": self.files.write(
                    [(name, at, _bytes_of(array, self.shapes[name][1:])) for (name, at, _), array in contents]
                ),
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
            self.done[place] = json.dumps(known).encode()
        self.files.journal.append(self.done[place] for place, _ in rows)

    def known(self, place: int) -> dict[str, Any]:
        """Return what the journal knows of a row that is done."""
        known: dict[str, Any] = json.loads(self.done[place])
        return known

    def restore(self) -> None:
        """Take over the rows that an earlier preparation finished."""
        self.files.journal.restore(self._take_over)

    def _take_over(self, entry: bytes) -> bool:
        known = json.loads(entry)
        place = known["row"]
        self.done.pop(place, None)
        if self.files.read(self._spans(place), known["sha256"]) is not None:
            self.done[place] = entry
        return True

    def deliver(self, folder: Path, rows: Sequence[int]) -> dict[str, str]:
        """Give the arrays with some rows, in ascending order, to a folder; return the SHA-256 of each by name.

        Raises:
            DataError: What lies on disk is not what was written; that row is done again by the next call.
        """
        every = len(rows) == self.rows
        with ExitStack() as stack:
            # Whole files are given as they are; without the images that were left out they are copied.
            copies = [
                stack.enter_context(DigestedFile(None if every else folder / name)) for name in self.shapes
            ]
            for shape, copy in zip(self.shapes.values(), copies, strict=True):
                copy.write(npy_header((len(rows), *shape[1:])))
            for place in rows:
                contents = self.files.read(self._spans(place), self.known(place)["sha256"])
                if contents is None:
                    raise self.files.lost(f"row {place}", "that image is done anew")
                for copy, content in zip(copies, contents, strict=True):
                    copy.write(content)
        for name in self.shapes if every else ():
            deliver(self.files.folder / name, folder)
        return {name: copy.sha256 for name, copy in zip(self.shapes, copies, strict=True)}

    def _spans(self, place: int) -> list[Span]:
        """Return where a row lies. Raises IndexError if there is no such row."""
        if not 0 <= place < self.rows:
            raise IndexError(f"row {place} of {self.rows}")
        return [(name, start + place * size, size) for name, start, size in self._arrays]


def _bytes_of(array: np.ndarray, shape: tuple[int, ...]) -> bytes:
    if array.dtype != np.uint8 or array.shape != shape:
        raise ValueError(f"row: expected uint8 {shape}, found {array.dtype} {array.shape}")
    return array.tobytes()


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
            create_array(folder / name, shape)

    with (
        work_on(
            target, f"{sources} {fingerprint(key)}", begin, lambda folder: _has(folder, shapes)
        ) as folder,
        closing(JournalledFiles(folder, shapes)) as files,
    ):
        partial = Partial(files, shapes, key)
        partial.restore()
        yield partial


def _has(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Return whether the arrays are there and can be gone on with."""
    try:
        found = {name: np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in shapes}
    except (OSError, ValueError, EOFError):
        return False
    return all((found[name].dtype, found[name].shape) == (np.uint8, shape) for name, shape in shapes.items())
