"""Box masks: rounding halves to even, union, and what a mask without background reads back as."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from lovt_bench.benchmark.data.box_masks import as_gif_reads, box_mask, covered_share


def test_edges_round_halves_to_even() -> None:
    rows, columns = np.nonzero(box_mask(np.array([[0.5, 1.5, 2.0, 2.0]]), 10, 10))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 3, 0, 1)


def test_boxes_form_a_union_and_end_at_the_image() -> None:
    mask = box_mask(np.array([[1, 1, 4, 4], [3, 3, 50, 2]]), 6, 8)
    assert mask.sum() == 16 + 10 - 4
    assert mask[3:5, 7].all()


def test_no_boxes_leave_an_empty_mask() -> None:
    assert box_mask(np.zeros((0, 4)), 3, 3).sum() == 0


@pytest.mark.parametrize("boxes", [np.zeros((0, 4)), np.array([[1, 1, 4, 4], [3, 3, 50, 2]])])
def test_covered_share_is_the_mean_of_the_mask(boxes: np.ndarray) -> None:
    assert covered_share(box_mask(boxes, 6, 8)) == box_mask(boxes, 6, 8).mean()
    assert covered_share(np.broadcast_to(np.uint8(1), (6, 8))) == 1


@pytest.mark.parametrize(("entry", "kept"), [("background", False), ("foreground", True)])
def test_mask_without_background(entry: Literal["background", "foreground"], kept: bool) -> None:
    full = np.ones((5, 5), dtype=np.uint8)
    assert as_gif_reads(full, entry).all() == kept
    full[2, 2] = 0
    np.testing.assert_array_equal(as_gif_reads(full, entry), full)


@pytest.mark.parametrize("filled", [0, 1, 24])
def test_a_real_gif_reads_back_so(filled: int) -> None:
    """Write 0 / 255 as a GIF and read palette indices, as the published preparation and loader did."""
    mask = (np.arange(25) < filled).astype(np.uint8).reshape(5, 5)
    buffer = io.BytesIO()
    Image.fromarray(mask * 255).save(buffer, format="GIF")
    np.testing.assert_array_equal(as_gif_reads(mask, "background"), np.asarray(Image.open(buffer)))
