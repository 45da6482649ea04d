"""The same head, faster on a CPU: its 3x3 convolutions by Winograd's method where that is measured to be faster."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lovt_bench.benchmark.contract.run_record import Engine
from lovt_bench.benchmark.engine.winograd import winograd_conv2d

MIN_CHANNELS = 128
MIN_WORK = 1 << 17
"""Positions of the batch times the fewer channels. Below, transforms cost more than they save (docs/performance.md)."""


class FastConv2d(nn.Module):
    """A 3x3 convolution of stride 1 that keeps the side, with the parameters of another, under the same names."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.weight, self.bias = conv.weight, conv.bias
        self.winograd = False
        """Whether an input was convolved by Winograd's method."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, K, H, W) from (B, C, H, W)."""
        if pays(x, self.weight.shape[0]):
            self.winograd = True
            return winograd_conv2d(x, self.weight, self.bias)
        return F.conv2d(x, self.weight, self.bias, padding=1)


def pays(x: Tensor, out_channels: int) -> bool:
    """Return whether Winograd's method is the faster one for an input (B, C, H, W): by its shape alone."""
    batch, channels, height, width = x.shape
    fewer = min(channels, out_channels)
    plain = x.device.type == "cpu" and x.dtype == torch.float32
    return plain and fewer >= MIN_CHANNELS and batch * height * width * fewer >= MIN_WORK


def used_winograd(head: nn.Module) -> bool:
    """Return whether a convolution of the head was computed by Winograd's method."""
    return any(isinstance(module, FastConv2d) and module.winograd for module in head.modules())


def head_of(engine: Engine, head: nn.Module, device: torch.device) -> nn.Module:
    """Return the head as the engine trains it on the device: `reference` as it is written."""
    return fast_head(head) if engine == "fast" and device.type == "cpu" else head


def fast_head(head: nn.Module) -> nn.Module:
    """Replace the head's eligible convolutions in place and return it. Parameters and their names stay."""
    for module in list(head.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Conv2d) and _keeps_the_side(child):
                setattr(module, name, FastConv2d(child))
    return head


def _keeps_the_side(conv: nn.Conv2d) -> bool:
    shape = (conv.kernel_size, conv.stride, conv.padding, conv.dilation, conv.groups, conv.padding_mode)
    return shape == ((3, 3), (1, 1), (1, 1), (1, 1), 1, "zeros")
