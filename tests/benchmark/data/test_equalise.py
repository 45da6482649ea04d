"""Equalisation through a table equals scikit-image on the whole image; both roundings; JPEG is an entry."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from skimage.exposure import equalize_hist

from lovt_bench.benchmark.data.equalise import equalise, keep, through_jpeg
from tests.benchmark.data.raws import grey

IMAGES = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40))


@given(IMAGES)
@settings(max_examples=60, deadline=None)
def test_table_equals_scikit_image(image: np.ndarray) -> None:
    expected = equalize_hist(image / 255.0)
    got = equalise(image)
    np.testing.assert_array_equal(got.pixels, (expected * 255).astype(np.uint8))
    assert got.mean == pytest.approx(expected.mean(), abs=1e-12)
    assert got.variance == pytest.approx(expected.var(), abs=1e-12)


def test_float_images_and_tables_agree() -> None:
    image = grey(90, 70)
    table, floats = equalise(image), equalise(image / 255.0)
    np.testing.assert_array_equal(table.pixels, floats.pixels)
    assert table.variance == pytest.approx(floats.variance, abs=1e-12)


def test_truncation_and_rounding_differ_by_at_most_one_level() -> None:
    image = grey()
    truncated = equalise(image).pixels.astype(int)
    rounded = equalise(image, rounding="nearest").pixels.astype(int)
    assert set(np.unique(rounded - truncated)) == {0, 1}


def test_kept_image_has_its_own_statistics() -> None:
    image = grey()
    kept = keep(image)
    np.testing.assert_array_equal(kept.pixels, image)
    assert kept.mean == pytest.approx((image / 255).mean(), abs=1e-12)
    assert kept.variance == pytest.approx((image / 255).var(), abs=1e-12)


def test_jpeg_quality_75_is_what_pillow_writes_by_default() -> None:
    buffer = io.BytesIO()
    Image.fromarray(grey()).save(buffer, format="JPEG")
    written = np.asarray(through_jpeg(Image.fromarray(grey()), 75))
    np.testing.assert_array_equal(written, np.asarray(Image.open(buffer)))
    assert (written != grey()).any()
