"""Rows of a `.npy` file, read and written by position. Unlike a memory map, none of them stays in the process."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.disk.digest import read_up_to, write_all
from benchmark.disk.words import naming


def npy_header(shape: Sequence[int], dtype: type[np.generic] | np.dtype[Any] = np.uint8) -> bytes:
    """Return what stands before the values of an array in C order."""
    header = io.BytesIO()
    layout = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(dtype)),
        "fortran_order": False,
        "shape": tuple(shape),
    }
    np.lib.format.write_array_header_1_0(header, layout)
    return header.getvalue()


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
        header = npy_header(shape)
        with naming(path), path.open("wb", buffering=0) as file:
            write_all(file, header)
            file.truncate(len(header) + math.prod(shape))
        return cls(path)

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, row: int) -> bytes:
        """Return the bytes of a row, fewer where the disk gives no more. Raises IndexError if there is no such row."""
        self._seek(row)
        return read_up_to(self._file, self._size)

    def write(self, row: int, value: np.ndarray) -> None:
        """Write a row of the array's shape."""
        if value.dtype != np.uint8 or value.shape != self.shape[1:]:
            raise ValueError(f"row: expected uint8 {self.shape[1:]}, found {value.dtype} {value.shape}")
        self._seek(row)
        with naming(self.path):
            write_all(self._file, value.tobytes())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _seek(self, row: int) -> None:
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        self._file.seek(self._start + row * self._size)
