"""The regression loss of BYOL, also PixPro's loss of whole images (pretraining.md sections 5 and 7)."""

from __future__ import annotations

import torch
from torch import Tensor

from lovt_bench.submissions.common.lightly_parts import loss


def regression_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Return the mean of 2 - 2 cos over the rows, in [0, 4], without gradient to the target.

    Args:
        prediction: (B, d) floating. Used as float32 or better.
        target: (B, d).
    """
    with torch.autocast(prediction.device.type, enabled=False):
        wide = torch.promote_types(prediction.dtype, torch.float32)
        cosine: Tensor = -loss.NegativeCosineSimilarity()(prediction.to(wide), target.detach().to(wide))
        return 2 - 2 * cosine


def symmetric_regression_loss(predictions: tuple[Tensor, Tensor], targets: tuple[Tensor, Tensor]) -> Tensor:
    """Return the sum of both directions: view 1 predicts view 2's target and vice versa.

    Args:
        predictions: Two (B, d), online predictions of the views.
        targets: Two (B, d), target projections of the views in the same order.
    """
    return regression_loss(predictions[0], targets[1]) + regression_loss(predictions[1], targets[0])
