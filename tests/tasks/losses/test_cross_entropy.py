"""Cross entropy: torch's own inside [0, 1], a plain float64 copy outside, finite where probabilities saturate."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from lovt_bench.tasks.losses.cross_entropy import cross_entropy

OFFSETS = [-4.0, -0.1, 0.0, 0.5, 1.0, 1.0000001, 1.2, 20.0]
PROBABILITIES = [0.0, 1e-30, 1e-3, 0.25, 0.5, 0.9, 1 - 2**-20, 1.0]


def plain(p: float, t: float) -> tuple[float, float]:
    """Return entropy and its slope in p, in float64."""

    def log(value: float) -> float:
        return max(math.log(value), -100.0) if value else -100.0

    return -t * log(p) - (1 - t) * log(1 - p), (p - t) / max(p * (1 - p), 1e-12)


def of(p: torch.Tensor, t: torch.Tensor, entropy=cross_entropy) -> tuple[torch.Tensor, torch.Tensor]:
    p = p.clone().requires_grad_()
    value = entropy(p, t)
    return value.detach(), torch.autograd.grad(value.sum(), p)[0]


@pytest.mark.parametrize("offset", OFFSETS)
def test_any_target_against_plain_float64(offset):
    p = torch.tensor(PROBABILITIES)
    t = torch.full_like(p, offset)
    value, slope = of(p, t)
    expected = [plain(float(one), float(other)) for one, other in zip(p, t, strict=True)]
    torch.testing.assert_close(
        value.double(), torch.tensor([e[0] for e in expected]).double(), rtol=1e-6, atol=2e-6
    )
    torch.testing.assert_close(
        slope.double(), torch.tensor([e[1] for e in expected]).double(), rtol=1e-6, atol=0
    )


def test_targets_within_bounds_give_what_torch_gives():
    generator = torch.Generator().manual_seed(0)
    p = torch.cat([torch.sigmoid(8 * torch.randn(20_000, generator=generator)), torch.tensor(PROBABILITIES)])
    t = torch.cat([torch.rand(len(p) - 2, generator=generator), torch.tensor([0.0, 1.0])])
    value, slope = of(p, t)
    expected, expected_slope = of(p, t, lambda a, b: F.binary_cross_entropy(a, b, reduction="none"))
    torch.testing.assert_close(value, expected, rtol=1e-6, atol=1e-6)
    assert torch.equal(slope, expected_slope)


@pytest.mark.parametrize("offset", OFFSETS)
def test_logits_that_saturate_have_a_finite_gradient(offset):
    """In the logit it is p - t, and 0, as published, where float32 has no probability left between p and its end."""
    logits = torch.tensor([-200.0, -10.0, 0.0, 10.0, 200.0], requires_grad=True)
    cross_entropy(torch.sigmoid(logits), torch.full_like(logits, offset)).sum().backward()
    inner = torch.sigmoid(logits.detach()[1:4].double()) - float(torch.tensor(offset))
    expected = torch.tensor([0.0, *inner.tolist(), 0.0])
    torch.testing.assert_close(logits.grad, expected, rtol=2e-4, atol=1e-6)


def test_a_target_that_is_no_number_gives_none_and_raises_nothing():
    value, _ = of(torch.tensor([0.5]), torch.tensor([math.nan]))
    assert value.isnan().all()
