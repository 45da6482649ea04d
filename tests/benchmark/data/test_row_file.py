"""Rows on disk: what numpy reads is what was written, and nothing beyond the array is touched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.data.row_file import RowFile


def test_numpy_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    rows = RowFile.create(path, (5, 3, 4))
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    rows.write(3, pixels)
    assert rows.read(3) == pixels.tobytes()
    rows.close()
    stored = np.load(path)
    np.testing.assert_array_equal(stored[3], pixels)
    assert stored.sum() == pixels.sum()


@pytest.mark.parametrize("row", [-1, 5])
def test_rows_outside_are_refused(tmp_path: Path, row: int) -> None:
    rows = RowFile.create(tmp_path / "rows.npy", (5, 2))
    with pytest.raises(IndexError):
        rows.write(row, np.zeros(2, np.uint8))
    with pytest.raises(IndexError):
        rows.read(row)


@pytest.mark.parametrize("value", [np.zeros(2, np.float32), np.zeros(3, np.uint8)])
def test_a_row_of_another_kind_is_refused(tmp_path: Path, value: np.ndarray) -> None:
    rows = RowFile.create(tmp_path / "rows.npy", (5, 2))
    with pytest.raises(ValueError, match="expected uint8"):
        rows.write(0, value)
