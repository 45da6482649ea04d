"""Run lengths: relative offsets, column by column; there and back; what is not a run is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lovt_bench.benchmark.data.phantom.layouts.siim import relative_runs
from lovt_bench.benchmark.data.rle import decode_union

MASKS = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 1))


def encoded(mask: np.ndarray) -> str:
    return relative_runs(mask.astype(bool)) or "-1"


@given(MASKS)
def test_there_and_back(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(decode_union([encoded(mask)], *mask.shape), mask)


def test_offsets_count_from_the_end_of_the_run_before_down_the_columns() -> None:
    expected = np.zeros((4, 3), dtype=np.uint8)
    expected[1:3, 0] = 1  # pixels 1, 2
    expected[2, 1] = 1  # pixel 6 = 3 + 3
    np.testing.assert_array_equal(decode_union(["1 2 3 1"], 4, 3), expected)


@given(MASKS, MASKS)
def test_union_of_annotations(first: np.ndarray, second: np.ndarray) -> None:
    shape = np.minimum(first.shape, second.shape)
    a, b = (mask[: shape[0], : shape[1]] for mask in (first, second))
    np.testing.assert_array_equal(decode_union([encoded(a), encoded(b), " -1 "], *shape), a | b)


def test_run_across_the_end_is_cut_there() -> None:
    assert decode_union(["10 5"], 3, 4).sum() == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("12 1", "begins at pixel 12, the image has 12"),
        ("99999999999999999999 1", "begins at pixel"),
        ("1 2 3", "pairs"),
        ("", "pairs"),
        ("1 x", "integers"),
        ("1.5 2", "integers"),
        ("-3 2", "offset >= 0"),
        ("1 0", "length >= 1"),
        ("0 1 -1 2", "pair 2"),
    ],
)
def test_what_is_not_a_run_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_union([text], 3, 4)
