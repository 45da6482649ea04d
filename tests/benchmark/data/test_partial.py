"""A row that is not of the store's shape, or none of its rows, is refused before anything is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lovt_bench.benchmark.data.partial import Partial, partial_store
from lovt_bench.benchmark.data.process import Row

ROW = Row(
    np.zeros((8, 8), np.uint8), np.zeros((1, 8), np.uint8), np.zeros((0, 4), np.float32), np.zeros(0, np.int64),
    mean=0.0, variance=0.0, height=8, width=8, source_sha256="0" * 64,
)  # fmt: skip


@pytest.fixture
def work(tmp_path: Path):
    with partial_store(tmp_path / "store", "sources", rows=2, side=8, classes=1, key=bytes(32)) as partial:
        yield partial


@pytest.mark.parametrize("place", [-1, 2])
def test_rows_outside_are_refused(work: Partial, place: int) -> None:
    with pytest.raises(IndexError):
        work.put([(place, ROW)])


@pytest.mark.parametrize(
    "pixels", [np.zeros((8, 8), np.float32), np.zeros((4, 16), np.uint8), np.zeros(3, np.uint8)]
)
def test_a_row_of_another_kind_is_refused(work: Partial, pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        work.put([(0, replace(ROW, pixels=pixels))])
    assert work.done == {}


def test_a_row_that_fits_is_done(work: Partial) -> None:
    work.put([(1, ROW)])
    assert list(work.done) == [1]
