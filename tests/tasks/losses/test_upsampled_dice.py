"""The block-wise Dice loss of coarse maps is the plain one after upsampling, value and gradient."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.tasks.heads.linear import upsample
from lovt_bench.tasks.losses.dice import dice_loss
from lovt_bench.tasks.losses.upsampled_dice import upsampled_dice_loss


@pytest.mark.parametrize("mode", ["batch", "image"])
@pytest.mark.parametrize("own_masks", [True, False])
@pytest.mark.parametrize("images", [1, 8, 19])
def test_value_and_gradient_equal_the_plain_way(mode, own_masks, images):
    torch.manual_seed(images)
    maps = (3 * torch.randn(3, images, 2, 7, 5)).requires_grad_()
    target = (torch.rand(3 if own_masks else 1, images, 2, 32, 48) > 0.8).to(torch.uint8)
    target[:, images // 2] = 0
    weights = torch.tensor([1.0, -2.0, 0.5])
    fast = upsampled_dice_loss(maps, target, mode=mode)
    plain = dice_loss(upsample(maps, 32, 48), target, mode=mode, configurations=True)
    torch.testing.assert_close(fast, plain, rtol=1e-5, atol=1e-6)
    gradients = [torch.autograd.grad((loss * weights).sum(), maps)[0] for loss in (fast, plain)]
    torch.testing.assert_close(
        gradients[0], gradients[1], rtol=1e-4, atol=1e-6 * gradients[1].abs().max().item()
    )


def test_a_batch_without_foreground_has_no_loss_and_no_gradient():
    maps = torch.randn(1, 2, 1, 3, 3, requires_grad=True)
    loss = upsampled_dice_loss(maps, torch.zeros(2, 1, 9, 9, dtype=torch.uint8))
    (gradient,) = torch.autograd.grad(loss.sum(), maps)
    assert loss == 0
    assert not gradient.any()


def test_no_gradient_is_prepared_where_none_is_asked():
    with torch.no_grad():
        assert not upsampled_dice_loss(torch.randn(1, 2, 1, 3, 3), torch.ones(2, 1, 9, 9)).requires_grad


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        upsampled_dice_loss(torch.zeros(2, 3, 1, 4, 4), torch.zeros(3, 3, 1, 8, 8))
