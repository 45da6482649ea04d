"""Training view of an image that goes with a report or labels (pretraining.md section 1.6, steps 1 to 5)."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

from lovt_bench.submissions.common.augment.blur import gaussian_blur


def training_view(image: np.ndarray, side: int) -> Tensor:
    """Return a random view: crop, flip, affine, brightness and contrast, blur, all on 8-bit values.

    Args:
        image: (H, W) uint8 grey of any size; it is not written to.
        side: Side of the view in pixels; 224 in the published study.

    Returns:
        (1, side, side) uint8.
    """
    return _pipeline(side)(torch.from_numpy(np.array(image))[None])


@cache
def _pipeline(side: int) -> v2.Compose:
    return v2.Compose(
        [
            v2.RandomResizedCrop(
                side,
                scale=(0.6, 1.0),
                ratio=(3 / 4, 4 / 3),
                interpolation=InterpolationMode.BILINEAR,
                antialias=True,
            ),
            v2.RandomHorizontalFlip(0.5),
            v2.RandomAffine(
                degrees=20,
                translate=(0.1, 0.1),
                scale=(0.95, 1.05),
                interpolation=InterpolationMode.NEAREST,
                fill=0,
            ),
            v2.ColorJitter(brightness=0.4, contrast=0.4),
            gaussian_blur(side, (0.1, 3.0)),
        ]
    )
