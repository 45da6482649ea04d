"""From views to what the network reads (pretraining.md section 1.6, step 6)."""

from __future__ import annotations

import torch
from torch import Tensor


def network_input(images: Tensor, mean: float, std: float) -> Tensor:
    """Return views in [0, 1], normalised by scalars and repeated to three channels.

    Args:
        images: (B, 1, S, S) uint8, or floating type in [0, 1]; on any device.
        mean: Mean of [0, 1] pixels.
        std: Standard deviation of [0, 1] pixels, above 0.

    Returns:
        (B, 3, S, S) float32, float64 where the views are, channels last in memory.

    Raises:
        ValueError: Another shape or dtype.
    """
    if images.ndim != 4 or images.shape[1] != 1:
        raise ValueError(f"expected grey views (B, 1, S, S), found {tuple(images.shape)}")
    if images.dtype == torch.uint8:
        values = images.float() / 255
    elif images.is_floating_point():
        values = images if images.dtype == torch.float64 else images.float()
    else:
        raise ValueError(f"expected uint8 or floating views, found {images.dtype}")
    values = (values - mean) / std
    return values.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
