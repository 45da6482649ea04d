"""The crop of the padded square: which squares are drawn, and from where."""

from __future__ import annotations

import numpy as np
import torch

from lovt_bench.submissions.common.augment.pad_resize import validation_view
from lovt_bench.submissions.common.augment.padded_crop import padded_crop_view


def test_a_view_is_a_square_of_the_padded_image_at_eight_sevenths():
    image = np.random.default_rng(0).integers(1, 255, (60, 40), dtype=np.uint8)
    before = image.copy()
    whole = validation_view(image, 64)[0]
    squares = whole.unfold(0, 56, 1).unfold(1, 56, 1)
    torch.manual_seed(0)
    found = set()
    for _ in range(60):
        view = padded_crop_view(image, 56)
        assert (view.shape, view.dtype) == ((1, 56, 56), torch.uint8)
        places = (squares == view[0]).all(dim=(2, 3)).nonzero()
        assert len(places) == 1
        found.add(tuple(places[0].tolist()))
    rows, columns = (set(axis) for axis in zip(*found, strict=True))
    assert rows == columns == set(range(9)), "the edge of 8 pixels is drawn from whole"
    assert np.array_equal(image, before)
