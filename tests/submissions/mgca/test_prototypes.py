"""CPA against a plain float64 loss, and Sinkhorn against the scaling of a transport plan as SwAV's paper writes it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lovt_bench.submissions.mgca.prototypes import Prototypes, assignments


def plain_codes(scores: np.ndarray, iterations: int) -> np.ndarray:
    """Return (B, K) codes of scores (B, K): a plan (K, B) whose rows sum 1 / K and whose columns sum 1 / B."""
    plan = np.exp(scores.T / 0.05)
    plan /= plan.sum()
    prototypes, samples = plan.shape
    for _ in range(iterations):
        plan /= plan.sum(axis=1, keepdims=True) * prototypes
        plan /= plan.sum(axis=0, keepdims=True) * samples
    return np.asarray((plan / plan.sum(axis=0, keepdims=True)).T)


def test_codes_are_the_scaled_plan():
    scores = np.random.default_rng(0).uniform(-1, 1, (6, 4))
    found = assignments(torch.from_numpy(scores))
    np.testing.assert_allclose(found.numpy(), plain_codes(scores, 3), rtol=1e-12)


def test_in_the_end_prototypes_are_used_alike():
    scores = torch.rand(8, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) / 4
    found = assignments(scores, iterations=300)
    torch.testing.assert_close(found.sum(0), torch.full((4,), 2.0, dtype=torch.float64), rtol=1e-4, atol=0)
    torch.testing.assert_close(found.sum(1), torch.ones(8, dtype=torch.float64))


def test_large_scores_stay_in_range():
    assert assignments(torch.tensor([[100.0, 99.0], [99.0, 100.0]])).isfinite().all()


def test_the_loss_is_the_swapped_cross_entropy():
    torch.manual_seed(0)
    images, reports = torch.randn(2, 6, 5, dtype=torch.float64)
    prototypes = Prototypes(5, 4).double()
    vectors = prototypes.vectors.weight.detach().numpy().copy()
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    of_images, of_reports = (
        side.numpy() / np.linalg.norm(side.numpy(), axis=1, keepdims=True) @ vectors.T
        for side in (images, reports)
    )
    expected = 0.0
    for own, said in ((of_images, of_reports), (of_reports, of_images)):
        raised = np.exp(said / 0.2)
        expected -= (plain_codes(own, 3) * np.log(raised / raised.sum(1, keepdims=True))).sum(1).mean() / 2
    loss = prototypes(images, reports)
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    loss.backward()
    np.testing.assert_allclose(prototypes.vectors.weight.detach().numpy(), vectors, rtol=1e-12)
    assert prototypes.vectors.weight.grad is not None
