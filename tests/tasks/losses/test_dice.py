"""Dice loss: worked example 6, the two readings of a batch, and K configurations at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lovt_bench.tasks.losses.dice import dice_loss


def plain_dice(logits: np.ndarray, target: np.ndarray) -> float:
    """evaluation.md section 10, in float64, one image set at a time."""
    p, y = 1 / (1 + np.exp(-logits.astype(np.float64))), target.astype(np.float64)
    return 0.0 if y.sum() == 0 else 1 - 2 * (p * y).sum() / max(p.sum() + y.sum(), 1e-7)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.sampled_from([0.0, 0.1, 1.0]), st.integers(0, 2**31))
def test_published_and_per_image_reading_against_the_formula(images, classes, foreground, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (images, classes, 6, 5)).astype(np.float32)
    target = (rng.random(logits.shape) < foreground).astype(np.uint8)
    batch = dice_loss(torch.from_numpy(logits), torch.from_numpy(target))
    image = dice_loss(torch.from_numpy(logits), torch.from_numpy(target), mode="image")
    assert batch == pytest.approx(plain_dice(logits, target), abs=1e-6)
    assert image == pytest.approx(
        np.mean([plain_dice(*pair) for pair in zip(logits, target, strict=True)]), abs=1e-6
    )


def test_the_two_readings_differ_where_images_differ_in_area():
    target = torch.zeros(2, 1, 4, 4)
    target[0], target[1, 0, 0, 0] = 1, 1
    logits = torch.zeros(2, 1, 4, 4)
    assert dice_loss(logits, target) == pytest.approx(1 - 2 * 8.5 / (16 + 17))
    assert dice_loss(logits, target, mode="image") == pytest.approx(
        ((1 - 2 * 8 / 24) + (1 - 2 * 0.5 / 9)) / 2
    )


@pytest.mark.parametrize("fraction", [1 / 16, 1 / 4, 1])
def test_worked_example_6_zero_logits(fraction: float):
    target = torch.zeros(1, 1, 4, 4)
    target.view(-1)[: int(16 * fraction)] = 1
    assert dice_loss(torch.zeros_like(target), target) == pytest.approx(0.5 / (0.5 + fraction))


def test_worked_example_6_a_batch_without_foreground_has_no_loss_and_no_gradient():
    logits = torch.randn(3, 2, 4, 4, requires_grad=True)
    loss = dice_loss(logits, torch.zeros(3, 2, 4, 4, dtype=torch.uint8))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss == 0
    assert not gradient.any()


@pytest.mark.parametrize("mode", ["batch", "image"])
@pytest.mark.parametrize("masks", ["own", "one", "missing axis"])
def test_configurations_at_once_are_each_configuration_alone(mode, masks):
    logits = torch.randn(3, 4, 2, 8, 8)
    target = (torch.rand(3 if masks == "own" else 1, 4, 2, 8, 8) > 0.7).to(torch.uint8)
    given = target[0] if masks == "missing axis" else target
    together = dice_loss(logits, given, mode=mode, configurations=True)
    alone = [dice_loss(logits[k], target[k if masks == "own" else 0], mode=mode) for k in range(3)]
    torch.testing.assert_close(together, torch.stack(alone))


def test_half_precision_logits_are_summed_in_float32():
    logits, target = torch.randn(1, 1, 300, 300).half(), torch.ones(1, 1, 300, 300)
    loss = dice_loss(logits, target)
    assert loss.dtype == torch.float32
    assert loss == pytest.approx(plain_dice(logits.float().numpy(), target.numpy()), abs=1e-6)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        dice_loss(torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, 4, 5))
