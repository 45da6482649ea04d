"""The square that image-only methods start from (pretraining.md section 4)."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def square(image: np.ndarray, side: int = 512) -> Tensor:
    """Return an image resized by Pillow's bilinear filter without keeping its aspect ratio.

    Args:
        image: (H, W) uint8 grey of any size.
        side: Side of the square in pixels.

    Returns:
        (1, side, side) uint8.
    """
    resized = Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(resized))[None]
