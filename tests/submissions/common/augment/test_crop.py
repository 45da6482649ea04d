"""The crop alone: size, range of grey levels, orientation, and that the image stays."""

from __future__ import annotations

import numpy as np
import torch

from lovt_bench.submissions.common.augment.crop import crop_view


def test_a_view_is_a_part_of_the_image_as_it_stands():
    image = np.tile(np.arange(80, dtype=np.uint8), (60, 1))  # grey rises from left to right
    before = image.copy()
    torch.manual_seed(0)
    for _ in range(20):
        view = crop_view(image, 32)
        assert (view.shape, view.dtype) == ((1, 32, 32), torch.uint8)
        row = view[0, 16].int()
        assert (row.diff() >= 0).all()
        assert row[-1] - row[0] >= 80 * 0.6 * 0.6
        assert int(view.max()) <= 79
    assert np.array_equal(image, before)


def test_draws_come_from_torchs_generator():
    image = np.random.default_rng(0).integers(0, 255, (50, 40), dtype=np.uint8)
    views = []
    for _ in range(2):
        torch.manual_seed(1)
        views.append(crop_view(image, 32))
    assert torch.equal(*views)
