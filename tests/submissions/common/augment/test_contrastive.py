"""The SimCLR-type augmentation of pretraining.md section 4: one draw per image or one for a whole batch."""

from __future__ import annotations

import numpy as np
import torch

from lovt_bench.submissions.common.augment.contrastive import _pipeline, contrastive_view


def contrastive_views(images: torch.Tensor, side: int) -> torch.Tensor:
    """Each image with its own draw."""
    return torch.stack([contrastive_view(image, side) for image in images])


def views_of(value: int, count: int) -> torch.Tensor:
    """Return (count, 1, 32, 32): views of one flat grey image."""
    torch.manual_seed(0)
    return contrastive_views(torch.full((count, 1, 48, 48), value, dtype=torch.uint8), 32)


def picture(side: int = 64) -> torch.Tensor:
    torch.manual_seed(7)
    return torch.randint(0, 256, (1, side, side), dtype=torch.uint8)


def test_a_batch_shares_one_draw():
    batch = picture()[None].expand(5, -1, -1, -1)
    torch.manual_seed(3)
    shared = contrastive_view(batch, 32)
    torch.manual_seed(3)
    alone = contrastive_view(batch[0], 32)
    assert shared.shape == (5, 1, 32, 32)
    assert (shared == alone).all()


def test_each_image_can_have_its_own_draw():
    torch.manual_seed(3)
    views = contrastive_views(picture()[None].expand(4, -1, -1, -1), 32)
    assert views.shape == (4, 1, 32, 32)
    assert all(not torch.equal(views[0], other) for other in views[1:])


def test_four_of_five_views_are_jittered_by_a_factor_between_02_and_18():
    means = views_of(100, 600).mean((1, 2, 3)) * 255
    changed = (means - 100).abs() > 0.01
    assert 0.75 < changed.float().mean() < 0.85
    assert 19.9 < means.min() < 35
    assert 165 < means.max() < 180.1


def test_bright_values_are_cut_at_one():
    assert views_of(220, 100).max() == 1


def test_crops_reach_from_8_percent_to_everything():
    crop = _pipeline(32).transforms[0]
    pixels = torch.zeros(1, 400, 400)
    torch.manual_seed(0)
    drawn = [crop.make_params([pixels]) for _ in range(600)]
    areas = np.array([d["height"] * d["width"] for d in drawn]) / 400**2
    assert 0.075 < areas.min() < 0.1
    assert areas.max() > 0.9


def test_reduction_is_not_antialiased():
    stripes = torch.zeros(1, 256, 256)
    stripes[..., ::2] = 1
    torch.manual_seed(2)
    got = torch.stack([_pipeline(32).transforms[0](stripes) for _ in range(20)])
    assert got.std() > 0.2, "stripes of one pixel survive as a moire pattern"


def test_half_of_the_views_are_mirrored_and_half_blurred():
    image = torch.zeros(1, 64, 64, dtype=torch.uint8)
    image[..., :32] = 100
    flip, blur = _pipeline(32).transforms[2:]
    torch.manual_seed(1)
    mirrored = [bool(flip(image)[..., -1].max() > 0) for _ in range(400)]
    blurred = [not torch.equal(blur(image / 255), image / 255) for _ in range(400)]
    assert 0.42 < np.mean(mirrored) < 0.58
    # A standard deviation below about 0.1 pixel changes nothing, so a little under one half.
    assert 0.3 < np.mean(blurred) < 0.58
