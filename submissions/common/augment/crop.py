"""Training view that is a crop alone; by default that of pretraining.md section 1.6 (step 1), for short trainings."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2


def crop_view(
    image: np.ndarray,
    side: int,
    area: tuple[float, float] = (0.6, 1.0),
    interpolation: InterpolationMode = InterpolationMode.BILINEAR,
) -> Tensor:
    """Return a random crop of aspect ratio 3/4 to 4/3, no flip, grey levels as they are.

    Args:
        image: (H, W) uint8 grey of any size; it is not written to.
        side: Side of the view in pixels.
        area: Least and greatest share of the image's area.
        interpolation: Of the resizing, which is antialiased.

    Returns:
        (1, side, side) uint8.
    """
    view: Tensor = _crop(side, area, interpolation)(torch.from_numpy(np.array(image))[None])
    return view


@cache
def _crop(side: int, area: tuple[float, float], interpolation: InterpolationMode) -> v2.RandomResizedCrop:
    return v2.RandomResizedCrop(
        side, scale=area, ratio=(3 / 4, 4 / 3), interpolation=interpolation, antialias=True
    )
