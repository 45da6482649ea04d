"""The pixel propagation module of PixPro (pretraining.md section 7)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class PixelPropagation(nn.Module):
    """y_i = sum over j of relu(cos(x_i, x_j)) ** gamma * g(x_j), with g a 1 x 1 convolution."""

    def __init__(self, channels: int, gamma: float = 2) -> None:
        super().__init__()
        self.transform = nn.Conv2d(channels, channels, kernel_size=1)
        self.gamma = gamma

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, d, h, w), each place a sum over the places of its own map of (B, d, h, w)."""
        transformed = self.transform(maps)
        direction = functional.normalize(maps.flatten(2), dim=1)
        weight = torch.einsum("bdn,bdm->bnm", direction, direction).relu() ** self.gamma
        mixed = torch.einsum("bnm,bdm->bdn", weight, transformed.flatten(2).to(weight.dtype))
        return mixed.view(transformed.shape)
