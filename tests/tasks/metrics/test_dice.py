"""Dice: micro over the split, whatever the batches, against counting pixels with numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lovt_bench.tasks.heads.linear import upsample
from lovt_bench.tasks.metrics.dice import (
    SegmentationMetrics,
    dice_from_counts,
    image_counts,
    logit_threshold,
    upsampled_image_counts,
)


def plain_metrics(predicted: np.ndarray, target: np.ndarray, names: list[str]) -> dict[str, float]:
    """evaluation.md section 11.1 on bool arrays (N, C, H, W)."""
    result, dices = {}, []
    for c, name in enumerate(names):
        p, y = predicted[:, c], target[:, c]
        tp, fp, fn = (p & y).sum(), (p & ~y).sum(), (~p & y).sum()
        result[f"{name}_dice"] = 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0
        result[f"{name}_precision"] = tp / (tp + fp) if tp + fp else 0.0
        result[f"{name}_recall"] = tp / (tp + fn) if tp + fn else 0.0
        result[f"{name}_IoU"] = result[f"{name}_recall"]
        each = [2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in zip(p, y, strict=True) if b.any()]
        if each:
            result[f"{name}_pos_dice"] = float(np.mean(each))
        dices.append(result[f"{name}_dice"])
    result["avg_dice"] = float(np.mean(dices))
    return result


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 20),
    st.integers(1, 3),
    st.integers(1, 7),
    st.sampled_from([0.0, 0.1, 1.0]),
    st.integers(0, 9999),
)
def test_any_batching_gives_the_metrics_of_the_split(images, classes, batch, foreground, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1, (images, classes, 5, 6)).astype(np.float32)
    target = rng.random(logits.shape) < foreground
    names = [f"class{c}" for c in range(classes)]
    metrics = SegmentationMetrics(names)
    for rows in torch.arange(images).split(batch):
        metrics.update(torch.from_numpy(logits)[rows], torch.from_numpy(target)[rows].to(torch.uint8))
    expected = plain_metrics(logits >= 0, target, names)
    own = metrics.compute()
    assert own.keys() == expected.keys()
    assert own == pytest.approx(expected, abs=1e-12)


def test_predicting_everything_gives_the_random_row_of_tasks_8_and_9():
    """evaluation.md section 11.1: foreground in 2.7305 % of the pixels, so Dice 5.3 % where everything is predicted."""
    target = torch.zeros(1, 1, 200, 1000, dtype=torch.uint8)
    target.view(-1)[:5461] = 1
    metrics = SegmentationMetrics(["opacity"])
    metrics.update(torch.ones(target.shape), target)
    assert metrics.compute()["opacity_dice"] == pytest.approx(2 * 0.027305 / 1.027305)


def test_micro_dice_is_not_the_mean_over_images():
    target = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
    target[0] = 1
    target[1, 0, 0, 0] = 1
    metrics = SegmentationMetrics(["a"])
    metrics.update(torch.ones(2, 1, 4, 4), target)
    values = metrics.compute()
    assert values["a_dice"] == pytest.approx(2 * 17 / (32 + 17))
    assert values["a_pos_dice"] == pytest.approx((1 + 2 / 17) / 2)


@pytest.mark.parametrize("threshold", [0.5, 0.3, 0.9])
def test_comparing_logits_decides_as_comparing_probabilities(threshold):
    least = np.float32(logit_threshold(threshold))
    near = torch.from_numpy(
        np.array([np.nextafter(least, np.float32(-9)), least, np.nextafter(least, np.float32(9))])
    )
    assert (torch.sigmoid(near) >= np.float32(threshold)).tolist() == [False, True, True]
    assert (near >= least).tolist() == [False, True, True]


def test_a_probability_of_exactly_one_half_is_foreground():
    assert image_counts(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2)).tolist() == [[[4, 0, 0]]]


def test_configurations_at_once_are_each_alone_and_share_masks():
    logits, target = torch.randn(3, 9, 2, 6, 6), (torch.rand(9, 2, 6, 6) > 0.5).to(torch.uint8)
    together = image_counts(logits, target)
    assert together.shape == (3, 9, 2, 3)
    for k in range(3):
        assert torch.equal(together[k], image_counts(logits[k], target))
    assert torch.equal(together, image_counts(logits, target.expand(3, 9, 2, 6, 6)))


def test_counts_of_coarse_maps_are_those_after_upsampling():
    maps, target = torch.randn(2, 9, 2, 3, 3), (torch.rand(9, 2, 24, 24) > 0.5).to(torch.uint8)
    assert torch.equal(upsampled_image_counts(maps, target), image_counts(upsample(maps, 24, 24), target))


def test_dice_of_nothing_is_zero():
    assert dice_from_counts(torch.tensor([[0, 0, 0], [1, 1, 0]])).tolist() == pytest.approx([0, 2 / 3])


def test_wrong_use_is_an_error():
    with pytest.raises(ValueError, match="no batch was given"):
        SegmentationMetrics(["a"]).compute()
    with pytest.raises(ValueError, match="do not fit"):
        image_counts(torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 2, 2))
