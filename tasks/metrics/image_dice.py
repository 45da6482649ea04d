"""Dice of each image, averaged: pooled Dice weighs an image by its lesion's area, so that large lesions rule it."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

import torch
from torch import Tensor

from lovt_bench.tasks.metric import Metric
from lovt_bench.tasks.metrics.dice import dice_from_counts

METRIC = Metric(names=("<class>_image_dice",), target="masks", order=50, beside=True)


def compute(counts: Tensor, classes: Sequence[str]) -> dict[str, float]:
    """Return `<class>_image_dice` from counts (N, C, 3) int64 of every image.

    An image without foreground counts 1 where nothing is predicted, else 0.
    """
    nothing = (counts == 0).all(-1)
    dice = torch.where(nothing, 1.0, dice_from_counts(counts))
    return {
        f"{name}_image_dice": fsum(dice[:, index].tolist()) / len(dice) for index, name in enumerate(classes)
    }
