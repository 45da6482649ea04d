"""Rows of a `.npy` file, read and written by position. Unlike a memory map, none of them stays in the process."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np


class RowFile:
    """A uint8 array (N, …) on disk, one row at a time.

    Args:
        path: A `.npy` file that `create` or numpy wrote, in C order.
    """

    def __init__(self, path: Path) -> None:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if array.dtype != np.uint8 or not array.flags.c_contiguous:
            raise ValueError(f"{path}: expected uint8 in C order, found {array.dtype}")
        self.path, self.shape = path, array.shape
        self._start, self._size = int(array.offset), math.prod(array.shape[1:])
        self._file = path.open("r+b", buffering=0)

    @classmethod
    def create(cls, path: Path, shape: Sequence[int]) -> RowFile:
        """Write an array of zeros; the file is sparse where the file system can."""
        np.lib.format.open_memmap(path, "w+", np.uint8, tuple(shape)).flush()
        return cls(path)

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, row: int) -> bytes:
        """Return the bytes of a row. Raises IndexError if there is no such row."""
        self._seek(row)
        return self._file.read(self._size)

    def write(self, row: int, value: np.ndarray) -> None:
        """Write a row of the array's shape."""
        if value.dtype != np.uint8 or value.shape != self.shape[1:]:
            raise ValueError(f"row: expected uint8 {self.shape[1:]}, found {value.dtype} {value.shape}")
        self._seek(row)
        self._file.write(value.tobytes())

    def keep(self, rows: Sequence[int]) -> None:
        """Shorten the file to some of its rows, which come in the given order."""
        short = RowFile.create(self.path.with_name(f"short-{self.path.name}"), (len(rows), *self.shape[1:]))
        for place, row in enumerate(rows):
            short._seek(place)
            short._file.write(self.read(row))
        short.close()
        short.path.replace(self.path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _seek(self, row: int) -> None:
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        self._file.seek(self._start + row * self._size)
