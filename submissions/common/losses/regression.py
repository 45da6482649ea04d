"""The regression loss of BYOL, also PixPro's loss of whole images (pretraining.md sections 5 and 7)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def regression_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Return 2 - 2 cos of each row, without gradient to the target.

    Args:
        prediction: (B, d) floating. Used as float32 or better.
        target: (B, d).

    Returns:
        (B,) in [0, 4].
    """
    with torch.autocast(prediction.device.type, enabled=False):
        wide = torch.promote_types(prediction.dtype, torch.float32)
        return 2 - 2 * functional.cosine_similarity(prediction.to(wide), target.detach().to(wide), dim=-1)


def symmetric_regression_loss(predictions: tuple[Tensor, Tensor], targets: tuple[Tensor, Tensor]) -> Tensor:
    """Return the sum of both directions, mean over the batch: view 1 predicts view 2's target and vice versa.

    Args:
        predictions: Two (B, d), online predictions of the views.
        targets: Two (B, d), target projections of the views in the same order.
    """
    first = regression_loss(predictions[0], targets[1])
    second = regression_loss(predictions[1], targets[0])
    return (first + second).mean()
