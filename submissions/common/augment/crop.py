"""Training view for short trainings: the crop of pretraining.md section 1.6 alone (step 1)."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2


def crop_view(image: np.ndarray, side: int) -> Tensor:
    """Return a random crop: area 0.6 to 1, aspect ratio 3/4 to 4/3, no flip, grey levels as they are.

    Args:
        image: (H, W) uint8 grey of any size; it is not written to.
        side: Side of the view in pixels.

    Returns:
        (1, side, side) uint8.
    """
    view: Tensor = _crop(side)(torch.from_numpy(np.array(image))[None])
    return view


@cache
def _crop(side: int) -> v2.RandomResizedCrop:
    return v2.RandomResizedCrop(
        side, scale=(0.6, 1.0), ratio=(3 / 4, 4 / 3), interpolation=InterpolationMode.BILINEAR, antialias=True
    )
