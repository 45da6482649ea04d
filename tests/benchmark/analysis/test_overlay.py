"""Pictures of truth and prediction: what is drawn where."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from lovt_bench.benchmark.analysis.overlay import FOUND, SIDE, TRUTH, Marks, picture, png

GREY = np.full((SIDE, SIDE), 100, dtype=np.uint8)


def square(low: int, high: int, side: int = SIDE) -> np.ndarray:
    mask = np.zeros((side, side), dtype=bool)
    mask[low:high, low:high] = True
    return mask


def test_a_mask_is_outlined_and_a_prediction_shaded() -> None:
    drawn = np.asarray(picture(GREY, Marks(square(50, 100)), Marks(square(120, 180))))
    assert tuple(drawn[50, 75]) == TRUTH
    assert tuple(drawn[75, 75]) == (100, 100, 100), "the truth is a line, no area"
    assert tuple(drawn[120, 150]) == FOUND
    shaded = tuple(drawn[150, 150])
    assert shaded not in ((100, 100, 100), FOUND)
    assert shaded[0] > shaded[2], "towards orange"
    assert tuple(drawn[10, 10]) == (100, 100, 100)


def test_a_small_mask_is_as_large_as_the_image() -> None:
    drawn = np.asarray(picture(GREY, Marks(square(0, 28, side=56))))
    assert tuple(drawn[111, 50]) == TRUTH
    assert tuple(drawn[113, 50]) == (100, 100, 100)


def test_boxes_that_run_away_are_cut_at_the_frame() -> None:
    far = [[-1e9, 20.0, 2e9, 60.0], [30.0, 1e9, 5.0, 5.0], [50.0, 60.0, -4.0, 10.0]]
    drawn = np.asarray(picture(GREY, Marks(boxes=[[40, 40, 50, 50]]), Marks(boxes=far)))
    assert tuple(drawn[40, 60]) == TRUTH
    assert tuple(drawn[20, 3]) == FOUND


def test_an_image_with_nothing_on_it_stays_as_it_is_and_equal_pictures_are_equal_bytes() -> None:
    small = np.arange(64, dtype=np.uint8).reshape(8, 8)
    plain = picture(small, Marks(np.zeros((8, 8), dtype=bool)), Marks())
    grey = Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BILINEAR).convert("RGB")
    assert np.array_equal(np.asarray(plain), np.asarray(grey))
    assert png(plain) == png(picture(small, Marks()))
    assert Image.open(io.BytesIO(base64.b64decode(png(plain)))).size == (SIDE, SIDE)
