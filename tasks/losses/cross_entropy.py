"""Binary cross entropy against any finite target (evaluation.md section 7.4), as torch computed it in 2021.

Today's torch refuses targets outside [0, 1], which the offset of a centre outside the frame has.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

LEAST_LOG = -100.0
LEAST_VARIANCE = 1e-12
"""The least p (1 - p) that the gradient divides by: it stays finite where p is exactly 0 or 1."""


def cross_entropy(probability: Tensor, target: Tensor) -> Tensor:
    """Return -t log p - (1 - t) log(1 - p) of each element, logarithms not below -100.

    Args:
        probability: p in [0, 1], float32: half precision has no `LEAST_VARIANCE`.
        target: t, of the same shape; outside [0, 1] the entropy may be negative.

    Returns:
        float32 of the same shape, differentiable in p.
    """
    entropy: Tensor = _CrossEntropy.apply(probability, target)
    return entropy


class _CrossEntropy(Function):
    @staticmethod
    def forward(ctx: Any, probability: Tensor, target: Tensor) -> Tensor:
        ctx.save_for_backward(probability, target)
        absent = (-probability).log1p().clamp_min(LEAST_LOG)
        present = probability.log().clamp_min(LEAST_LOG)
        return (target - 1) * absent - target * present

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        probability, target = ctx.saved_tensors
        variance = ((1 - probability) * probability).clamp_min(LEAST_VARIANCE)
        return gradient * (probability - target) / variance, None
