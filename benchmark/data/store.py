"""An image store: every image of a dataset, padded and resized once, memory-mapped, with its targets.

Rows lie train first, then validation, then test, each in protocol order. Boxes are in the frame of the stored
image (224 pixels), masks have exactly its size. Opening a store reads no pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from lovt_bench.benchmark.contract.dataset import (
    DatasetManifest,
    SplitName,
)
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.consistent import contradictions
from lovt_bench.benchmark.data.errors import DamagedStoreError
from lovt_bench.benchmark.data.read_files import read_files


@dataclass(frozen=True)
class ImageStore:
    """A dataset on disk, ready to be read.

    Attributes:
        root: Folder of the store.
        manifest: `dataset.json`.
        index: One line per row: id, split, order, source, source_sha256, height, width; where the store knows whom an
            image shows, also `fmt.PERSON_COLUMNS`.
        images: uint8 (N, S, S), memory-mapped, S = `manifest.image_side`.
    """

    root: Path
    manifest: DatasetManifest
    index: pd.DataFrame
    images: np.ndarray
    _masks: np.ndarray | None = field(repr=False)
    _boxes: tuple[np.ndarray, np.ndarray, np.ndarray] | None = field(repr=False)

    @classmethod
    def open(cls, root: Path) -> ImageStore:
        """Open the store at `root`: index, boxes and manifest are held against their digests and each other.

        Images and masks are mapped, not read: `benchmark.data.open_store` checks them.

        Raises:
            FileNotFoundError: There is no store.
            DamagedStoreError: It is not what it was when it was made.
        """
        store = cls.read(root)
        try:
            problem = next(store.contradictions(), None)
        except (KeyError, TypeError, ValueError) as error:
            problem = f"{fmt.INDEX} cannot be read: {error}"
        if problem is not None:
            raise DamagedStoreError(root, problem)
        return store

    @classmethod
    def read(cls, root: Path) -> ImageStore:
        """Open the store at `root` as `open` does, whether or not its parts say the same.

        Raises:
            FileNotFoundError: There is no store.
            DamagedStoreError: A file is missing, differs from its digest or has another shape than it should.
        """
        manifest, index, arrays, boxes = read_files(root)
        return cls(root, manifest, index, arrays[fmt.IMAGES], arrays.get(fmt.MASKS), boxes)

    def contradictions(self) -> Iterator[str]:
        """Yield what index, boxes and manifest say otherwise than each other; nothing if they agree."""
        return contradictions(self.manifest, self.index, None if self._boxes is None else self._boxes[0])

    def __len__(self) -> int:
        return len(self.images)

    def rows(self, split: SplitName) -> np.ndarray:
        """Return the rows of a split, int64, in protocol order."""
        return np.flatnonzero(self.index["split"].to_numpy() == split).astype(np.int64)

    def ids(self, rows: np.ndarray | Sequence[int]) -> list[str]:
        """Return the image IDs of rows."""
        return [str(name) for name in self.index["id"].to_numpy()[np.asarray(rows, dtype=np.int64)]]

    def masks(self, rows: np.ndarray | Sequence[int]) -> np.ndarray:
        """Return the masks of rows: uint8 0/1 (n, C, S, S), channels in the order of `manifest.classes`.

        Raises:
            ValueError: The dataset has no masks.
        """
        if self._masks is None:
            raise ValueError(f"dataset {self.manifest.name} has no masks")
        packed = self._masks[np.asarray(rows, dtype=np.int64)]
        return fmt.unpack_masks(packed, self.manifest.image_side)

    def boxes(self, row: int) -> np.ndarray:
        """Return the boxes of one row: float32 (m, 4) x, y, w, h with the top-left corner, in stored pixels.

        Raises:
            ValueError: The dataset has no boxes.
        """
        if self._boxes is None:
            raise ValueError(f"dataset {self.manifest.name} has no boxes")
        offsets, boxes, _ = self._boxes
        return boxes[offsets[row] : offsets[row + 1]]

    def box_classes(self, row: int) -> np.ndarray:
        """Return the class index of each box of one row, int64 (m,)."""
        if self._boxes is None:
            raise ValueError(f"dataset {self.manifest.name} has no boxes")
        offsets, _, classes = self._boxes
        return classes[offsets[row] : offsets[row + 1]]
