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
    assert torch.allclose(regression_loss(rows, 5 * rows), torch.zeros(3), atol=1e-6)
    assert torch.allclose(regression_loss(rows, -rows), torch.full((3,), 4.0), atol=1e-6)


def test_targets_get_no_gradient():
    prediction, target = torch.randn(2, 3, 4).unbind()
    prediction.requires_grad_()
    target.requires_grad_()
    regression_loss(prediction, target).sum().backward()
    assert prediction.grad is not None
    assert target.grad is None
