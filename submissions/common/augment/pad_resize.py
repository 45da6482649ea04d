"""Validation view: padded to a square, then resized, as downstream (evaluation.md section 5, steps 3 and 4)."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def validation_view(image: np.ndarray, side: int) -> Tensor:
    """Return an image padded with black and resized by Pillow's antialiased bilinear filter.

    An odd difference of height and width leaves the padded image one pixel short of a square, as published.

    Args:
        image: (H, W) uint8 grey of any size.
        side: Side of the view in pixels.

    Returns:
        (1, side, side) uint8.
    """
    height, width = image.shape
    longer = max(height, width)
    top, left = (longer - height) // 2, (longer - width) // 2
    padded = np.pad(image, ((top, top), (left, left)))
    resized = Image.fromarray(padded).resize((side, side), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(resized))[None]
