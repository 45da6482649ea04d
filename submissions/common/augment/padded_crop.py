"""Training view of GLoRIA and MGCA: the padded square at 256 pixels, and a random 224 of it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lovt_bench.submissions.common.augment.pad_resize import validation_view


def padded_crop_view(image: np.ndarray, side: int) -> Tensor:
    """Return a random square of the padded image at 8/7 of the side (256 for 224); grey levels stay as they are.

    Args:
        image: (H, W) uint8 grey of any size; it is not written to.
        side: Side of the view in pixels.

    Returns:
        (1, side, side) uint8.
    """
    source = side * 8 // 7
    top, left = torch.randint(source - side + 1, (2,)).tolist()
    return validation_view(image, source)[:, top : top + side, left : left + side]
