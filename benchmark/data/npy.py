"""`.npy` files that are written piece by piece: their header, and an array of zeros to begin with."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lovt_bench.benchmark.disk.digest import write_all
from lovt_bench.benchmark.disk.words import naming


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


def create_array(path: Path, shape: Sequence[int]) -> None:
    """Write a uint8 array of zeros; the file is sparse where the file system can."""
    header = npy_header(shape)
    with naming(path), path.open("wb", buffering=0) as file:
        write_all(file, header)
        file.truncate(len(header) + math.prod(shape))
