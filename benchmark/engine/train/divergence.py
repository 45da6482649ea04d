"""Whether a model is still made of numbers: training ends on one that is not (evaluation.md section 1.1)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Return whether floating tensors, parameters and statistics of batch norm, hold finite numbers only.

    Waits for the device once; needs no memory of a tensor's size.
    """
    bounds = [
        bound for each in tensors if each.is_floating_point() and each.numel() for bound in each.aminmax()
    ]
    return not bounds or bool(torch.stack([bound.double() for bound in bounds]).isfinite().all())
