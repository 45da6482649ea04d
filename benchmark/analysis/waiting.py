"""Rows that wait in a file until their mean is known, so that memory does not grow with their number."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from lovt_bench.benchmark.disk.digest import write_all

_AT_A_TIME = 1 << 20
"""Values that are read together."""


class WaitingRows:
    """Float64 rows in a file without a name, which ends with this object.

    Args:
        folder: Where the file lies.
        width: Values of a row.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self._file = TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 (it lives as long as this object)
        self._width = width

    def add(self, rows: np.ndarray) -> None:
        """Append rows (n, width) float64."""
        write_all(self._file, np.ascontiguousarray(rows).data)

    def mean_distance(self, centre: np.ndarray) -> float:
        """Return the mean Euclidean distance of all rows to a point (width,)."""
        rows: np.ndarray = np.memmap(self._file, np.float64, "r").reshape(-1, self._width)
        step = max(1, _AT_A_TIME // self._width)
        parts = [np.linalg.norm(rows[i : i + step] - centre, axis=1) for i in range(0, len(rows), step)]
        return float(np.concatenate(parts).mean())
