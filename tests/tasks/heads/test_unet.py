"""U-Net head: the published size on a ResNet-50, and any other backbone by its channel counts."""

from __future__ import annotations

import torch
from torch import nn

from lovt_bench.tasks.heads.unet import UNetHead

RESNET50 = {2: 64, 4: 256, 8: 512, 16: 1024, 32: 2048}


def test_parameter_count_of_section_9():
    with torch.device("meta"):
        head = UNetHead(RESNET50, 1)
    output = sum(p.numel() for p in head.out.parameters())
    assert output == 65
    assert sum(p.numel() for p in head.parameters()) - output == 124_300_544


def test_another_backbone_and_another_side():
    channels = {2: 4, 4: 5, 8: 6, 16: 7, 32: 8}
    features = {
        stride: torch.randn(1, count, 64 // stride, 64 // stride) for stride, count in channels.items()
    }
    features[1] = torch.randn(1, 3, 64, 64)
    assert UNetHead(channels, 2).eval()(features).shape == (1, 2, 64, 64)


def test_the_bridge_keeps_the_channels_of_the_backbone_and_the_widths_are_fixed():
    with torch.device("meta"):
        head = UNetHead({2: 4, 4: 5, 8: 6, 16: 7, 32: 8}, 1)
    convolutions = [m for m in head.modules() if isinstance(m, nn.Conv2d)]
    raised = [m for m in head.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [m.out_channels for m in convolutions[:2]] == [8, 8]
    assert [m.out_channels for m in raised] == [1024, 512, 256, 128, 64]
    assert [m.in_channels for m in convolutions[2:-1:2]] == [1024 + 7, 512 + 6, 256 + 5, 128 + 4, 64 + 3]
