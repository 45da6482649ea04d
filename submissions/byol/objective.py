"""What BYOL minimises, apart from any trainer (pretraining.md section 5)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lovt_bench.submissions.common.losses.regression import symmetric_regression_loss

Network = Callable[[Tensor], Tensor]


def byol_loss(online: Network, predictor: Network, target: Network, views: tuple[Tensor, Tensor]) -> Tensor:
    """Return the loss of a batch: each view's online prediction against the other view's target projection.

    Every network sees the views one after the other, so BatchNorm's statistics are those of one view.

    Args:
        online: View to projection (B, d).
        predictor: Projection to prediction (B, d).
        target: View to projection (B, d); runs without gradient.
        views: Two batches in the same order of images.
    """
    predictions = (predictor(online(views[0])), predictor(online(views[1])))
    with torch.no_grad():
        targets = (target(views[0]), target(views[1]))
    return symmetric_regression_loss(predictions, targets)
