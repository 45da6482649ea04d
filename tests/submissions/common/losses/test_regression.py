"""BYOL's regression against its formula, with the gradient where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lovt_bench.submissions.common.losses.regression import regression_loss, symmetric_regression_loss


def slow(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    rows = [
        2 - 2 * float(p @ t) / float(np.linalg.norm(p) * np.linalg.norm(t))
        for p, t in zip(prediction.astype(np.float64), target.astype(np.float64), strict=True)
    ]
    return np.array(rows)


def test_views_predict_each_others_target():
    rng = np.random.default_rng(0)
    p1, p2, t1, t2 = rng.normal(size=(4, 5, 6)).astype(np.float32)
    tensors = [torch.from_numpy(part) for part in (p1, p2, t1, t2)]
    got = symmetric_regression_loss((tensors[0], tensors[1]), (tensors[2], tensors[3]))
    assert got.item() == pytest.approx(float((slow(p1, t2) + slow(p2, t1)).mean()), rel=1e-6)


def test_equal_directions_cost_nothing_and_opposite_ones_four():
    rows = torch.randn(3, 4)
    assert regression_loss(rows, 5 * rows).item() == pytest.approx(0, abs=1e-6)
    assert regression_loss(rows, -rows).item() == pytest.approx(4)


def test_half_precision_is_computed_in_single():
    """lightly's own loss of half-precision rows is off by 1e-2."""
    predictions, targets = torch.randn(2, 2, 16, 32).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = symmetric_regression_loss((predictions[0], predictions[1]), (targets[0], targets[1]))
    pairs = [(predictions[i].float().numpy(), targets[1 - i].float().numpy()) for i in (0, 1)]
    assert got.item() == pytest.approx(sum(float(slow(*pair).mean()) for pair in pairs), rel=1e-6)


def test_targets_get_no_gradient():
    prediction, target = torch.randn(2, 3, 4).unbind()
    prediction.requires_grad_()
    target.requires_grad_()
    regression_loss(prediction, target).backward()
    assert prediction.grad is not None
    assert target.grad is None
