"""Image, mask and boxes stay on one another through padding and resize."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lovt_bench.benchmark.data.transforms import Frame, fit_boxes, fit_image, fit_mask

SIZES = st.integers(1, 80)


@given(SIZES, SIZES)
def test_odd_difference_is_one_short_or_exact(height: int, width: int) -> None:
    short, exact = (Frame.padded(height, width, 32, mode) for mode in ("short", "exact"))
    longest, odd = max(height, width), (height - width) % 2
    assert min(short.padded_height, short.padded_width) == longest - odd
    assert exact.padded_height == exact.padded_width == longest
    assert (short.left, short.top) == (exact.left, exact.top)


@given(st.integers(8, 60), st.integers(8, 60), st.data())
def test_mask_pixel_comes_from_the_middle_of_its_source(height: int, width: int, data) -> None:
    """floor((i + 0.5) * scale), written out; where that is whole, Pillow's running sum may fall one short."""
    side = data.draw(st.integers(4, 40))
    mask = np.random.default_rng(height * width).integers(0, 2, (height, width), dtype=np.uint8)
    frame = Frame.padded(height, width, side, "short")
    padded = np.zeros((frame.padded_height, frame.padded_width), dtype=np.uint8)
    padded[frame.top : frame.top + height, frame.left : frame.left + width] = mask
    rows, whole_rows = np.divmod((np.arange(side) * 2 + 1) * frame.padded_height, 2 * side)
    columns, whole_columns = np.divmod((np.arange(side) * 2 + 1) * frame.padded_width, 2 * side)
    clear = np.ix_(whole_rows > 0, whole_columns > 0)
    np.testing.assert_array_equal(fit_mask(mask, frame)[clear], padded[np.ix_(rows, columns)][clear])


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 300))
def test_mask_is_what_pillow_makes_of_the_padded_one(height: int, width: int, side: int) -> None:
    """Pixel for pixel, also where the running sum falls one short."""
    frame = Frame.padded(height, width, side, "short")
    mask = np.zeros((height, width), dtype=np.uint8)
    mask[::3], mask[:, 1::2] = 1, 1 - mask[:, 1::2]
    around = ((frame.top, frame.bottom), (frame.left, frame.right))
    padded = Image.fromarray(np.pad(mask, around))
    expected = np.asarray(padded.resize((side, side), Image.Resampling.NEAREST))
    np.testing.assert_array_equal(fit_mask(mask, frame), expected)
    np.testing.assert_array_equal(fit_mask(np.asfortranarray(mask), frame), expected)


def test_reduction_averages_whole_blocks() -> None:
    """The triangle kernel of a fourfold reduction, as a float64 matrix."""
    image = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    centres = (np.arange(16) + 0.5) * 4 - 0.5
    kernel = np.clip(1 - np.abs(np.arange(64)[None] - centres[:, None]) / 4, 0, None)
    kernel /= kernel.sum(axis=1, keepdims=True)
    expected = kernel @ image.astype(np.float64) @ kernel.T
    got = fit_image(image, Frame.padded(64, 64, 16, "short"))
    assert np.abs(got - expected).max() <= 1.01


def test_box_lies_where_its_filled_mask_lies() -> None:
    mask = np.zeros((300, 401), dtype=np.uint8)
    mask[60:210, 80:200] = 1
    frame = Frame.padded(300, 401, 224, "short")
    ((x, y, w, h),) = fit_boxes(np.array([[80, 60, 120, 150]]), frame)
    rows, columns = np.nonzero(fit_mask(mask, frame))
    assert columns.min() == pytest.approx(x, abs=1)
    assert rows.max() + 1 == pytest.approx(y + h, abs=1)
    assert columns.max() + 1 == pytest.approx(x + w, abs=1)


def test_boxes_are_float32_unclipped_and_may_be_none() -> None:
    frame = Frame.padded(100, 50, 224, "short")
    boxes = fit_boxes(np.array([[-5.0, 90.0, 20.0, 30.0]]), frame)
    assert boxes.dtype == np.float32
    np.testing.assert_allclose(boxes, [[(25 - 5) * 2.24, 90 * 2.24, 20 * 2.24, 30 * 2.24]], rtol=1e-6)
    assert fit_boxes(np.zeros((0, 4)), frame).shape == (0, 4)
