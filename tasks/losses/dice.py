"""Soft Dice loss on logits (evaluation.md section 10). Never waits for the device.

Published rule: one Dice over batch, classes and pixels together, and a loss of exactly 0, without gradient,
where the whole batch has no foreground.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

EPSILON = 1e-7
"""Least denominator."""


def dice_loss(
    logits: Tensor,
    target: Tensor,
    *,
    mode: Literal["batch", "image"] = "batch",
    configurations: bool = False,
) -> Tensor:
    """Return 1 - Dice, as a scalar or one value for each of K configurations.

    Args:
        logits: (B, C, H, W) of any floating type; (K, B, C, H, W) with `configurations`. Used as float32.
        target: 0/1 of any type, of the same shape; with `configurations` axis 0 may be 1 or missing where all
            configurations see the same images.
        mode: `batch` is the published rule; `image` is the mean over images of the loss of each image alone.

    Returns:
        float32 scalar, or (K,).

    Raises:
        ValueError: Shapes do not fit each other.
    """
    if not configurations:
        return dice_loss(logits[None], target[None], mode=mode, configurations=True)[0]
    if target.ndim == logits.ndim - 1:
        target = target[None]
    if logits.ndim != 5 or target.shape[1:] != logits.shape[1:] or target.shape[0] not in (1, len(logits)):
        raise ValueError(
            f"logits {tuple(logits.shape)} and target {tuple(target.shape)} do not fit: "
            f"expected (K, B, C, H, W) and the same, or 1 for K"
        )
    first = 1 if mode == "batch" else 2
    with torch.autocast(logits.device.type, enabled=False):
        probability = torch.sigmoid(logits.float().flatten(first))
        mask = target.float().flatten(first)
        overlap = torch.einsum("...n,...n->...", probability, mask.expand_as(probability))
        foreground = mask.sum(-1)
        dice = 2 * overlap / (probability.sum(-1) + foreground).clamp_min(EPSILON)
        loss = (1 - dice) * (foreground > 0)
    return loss if mode == "batch" else loss.mean(-1)
