"""One image: what is stored, what is measured, what is tolerated."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from lovt_bench.benchmark.data.corpus.image import decode, reduced, statistics, stored_image
from lovt_bench.benchmark.data.errors import BadImageError
from tests.benchmark.data.corpus.raw_mimic import jpeg


@pytest.mark.parametrize("share", [0.95, 0.5, 0.25])
def test_a_truncated_jpeg_reads_as_with_pillows_switch(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    content = jpeg(300, 400, quality=95)
    cut = content[: int(share * len(content))]
    pixels, truncated = decode(cut)
    with pytest.raises(OSError, match="truncated"):
        Image.open(io.BytesIO(cut)).load()
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert np.array_equal(pixels, np.asarray(Image.open(io.BytesIO(cut)).convert("L")))
    assert truncated
    monkeypatch.undo()
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"no image", jpeg()[:20], b"\x89PNG\r\n\x1a\n"])
def test_what_has_no_pixels_is_bad(content: bytes) -> None:
    with pytest.raises(BadImageError):
        decode(content)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 128))
def test_the_shorter_side_is_reduced_and_nothing_enlarged(height: int, width: int, side: int) -> None:
    stored = reduced(np.zeros((height, width), np.uint8), side)
    assert min(stored.shape) == min(height, width, side)
    if min(height, width) > side:
        ratio = side / min(height, width)
        assert np.abs(np.array(stored.shape) - np.array([height, width]) * ratio).max() <= 0.5
    else:
        assert stored.shape == (height, width)


def test_statistics_are_of_the_original_size() -> None:
    content = jpeg(90, 70)
    pixels = np.asarray(Image.open(io.BytesIO(content))).astype(np.float64) / 255
    stored = stored_image(content, 32)
    assert stored.pixels.shape == (41, 32)
    assert (stored.source_height, stored.source_width) == (90, 70)
    assert stored.mean == pytest.approx(pixels.mean(), abs=1e-12)
    assert stored.variance == pytest.approx(pixels.var(), abs=1e-12)


def test_statistics_of_a_flat_image() -> None:
    assert statistics(np.full((3, 4), 51, np.uint8)) == pytest.approx((0.2, 0.0))
