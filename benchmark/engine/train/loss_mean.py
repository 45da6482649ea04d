"""The mean of the losses of batches, in training and validation.

In the published validation batches count alike, the short last one too (evaluation.md section 10).
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor


class LossMean:
    """Weighted mean that stays on the device until it is read."""

    def __init__(self, mean: Literal["batches", "images"]) -> None:
        self._by_images = mean == "images"
        self._sum: Tensor | float = 0.0
        self._weight = 0

    def update(self, loss: Tensor, images: int) -> None:
        """Add the loss of a batch: a scalar, or (K,) for K runs trained together."""
        weight = images if self._by_images else 1
        self._sum = self._sum + loss.detach().double() * weight
        self._weight += weight

    def compute(self) -> Tensor:
        """Return the mean, float64, in the shape of the losses."""
        if not isinstance(self._sum, Tensor):
            raise ValueError("no batch was added")
        return self._sum / self._weight
