"""U-Net head (evaluation.md section 9): bridge on the stride-32 map, five up blocks, skips down to the image.

Widths of the up blocks are fixed; the bridge keeps the backbone's own channel count.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.tasks.head import Head

HEAD = Head(
    name="unet",
    label="U-Net",
    target="masks",
    strides=(1, 2, 4, 8, 16, 32),
    forward_seconds=0.020,
    train_seconds=0.065,
)

WIDTHS: dict[int, int] = {16: 1024, 8: 512, 4: 256, 2: 128, 1: 64}
"""Channels of the up block that reaches each stride."""


class ConvBlock(nn.Sequential):
    """3x3 convolution with bias, batch norm, ReLU."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__(nn.Conv2d(channels, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU(inplace=True))


class UpBlock(nn.Module):
    """Double the side by a transposed convolution, put the skip behind it, refine twice."""

    def __init__(self, channels: int, skip: int, out: int) -> None:
        super().__init__()
        self.upsample = nn.ConvTranspose2d(channels, out, 2, stride=2)
        self.block1 = ConvBlock(out + skip, out)
        self.block2 = ConvBlock(out, out)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Return (B, out, 2h, 2w) from x (B, channels, h, w) and skip (B, skip, 2h, 2w)."""
        x = self.upsample(x)
        return self.block2(self.block1(torch.cat([x, skip.to(x.dtype)], dim=1)))


class UNetHead(nn.Module):
    """Segmentation logits (B, classes, S, S) from the maps of strides 1 (the normalised image) to 32."""

    def __init__(self, channels: Mapping[int, int], classes: int, divisor: int = 1) -> None:
        super().__init__()
        width = channels[32]
        self.bridge = nn.Sequential(ConvBlock(width, width), ConvBlock(width, width))
        self.ups = nn.ModuleList()
        for stride, published in WIDTHS.items():
            out = max(2, published // divisor)
            skip = channels.get(stride, 3) if stride == 1 else channels[stride]
            self.ups.append(UpBlock(width, skip, out))
            width = out
        self.out = nn.Conv2d(width, classes, 1)

    def forward(self, features: Mapping[int, Tensor]) -> Tensor:
        x = self.bridge(features[32])
        for stride, up in zip(WIDTHS, self.ups, strict=True):
            x = up(x, features[stride])
        return self.out(x)


def build(channels: Mapping[int, int], classes: int, protocol: Protocol, divisor: int) -> UNetHead:
    """Return the head, with the published widths divided by `divisor`."""
    return UNetHead(channels, classes, divisor)
