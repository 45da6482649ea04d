"""Layout of tensors as it is fastest on a device. Measured in docs/performance.md; the choice lives here only."""

from __future__ import annotations

import torch


def training_format(device: torch.device) -> torch.memory_format:
    """Return the layout of weights and feature levels in training: channels last on CUDA, contiguous on a CPU."""
    return torch.channels_last if device.type == "cuda" else torch.contiguous_format
