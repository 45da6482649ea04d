"""YOLOv3 head (evaluation.md section 7.1): raw predictions at strides 32, 16, 8, called scales 0, 1, 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.detection import detect as detect_in_maps
from lovt_bench.tasks.head import Head
from lovt_bench.tasks.losses.yolo import yolo_loss

HEAD = Head(
    name="yolov3",
    label="YOLOv3",
    target="boxes",
    strides=(8, 16, 32),
    forward_seconds=0.010,
    train_seconds=0.033,
)

WIDTHS: dict[int, int] = {32: 512, 16: 256, 8: 128}
"""Narrow width of the embedding at each stride; the wide one is twice that."""


class ConvBlock(nn.Sequential):
    """Convolution without bias, batch norm, LeakyReLU(0.1); keeps the side."""

    def __init__(self, channels: int, out: int, kernel: int) -> None:
        super().__init__(
            nn.Conv2d(channels, out, kernel, padding=(kernel - 1) // 2, bias=False),
            nn.BatchNorm2d(out),
            nn.LeakyReLU(0.1, inplace=True),
        )


class Embedding(nn.Module):
    """Six blocks and the 1x1 output; the branch for the next scale leaves after the fifth block."""

    def __init__(self, channels: int, narrow: int, out: int) -> None:
        super().__init__()
        wide = 2 * narrow
        self.trunk = nn.Sequential(
            ConvBlock(channels, narrow, 1),
            ConvBlock(narrow, wide, 3),
            ConvBlock(wide, narrow, 1),
            ConvBlock(narrow, wide, 3),
            ConvBlock(wide, narrow, 1),
        )
        self.last = ConvBlock(narrow, wide, 3)
        self.out = nn.Conv2d(wide, out, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the branch (B, narrow, h, w) and the raw output (B, out, h, w)."""
        branch = self.trunk(x)
        return branch, self.out(self.last(branch))


class YoloV3Head(nn.Module):
    """Raw maps (B, anchors * (5 + classes), h, w) at strides 32, 16, 8.

    Channel = anchor * (5 + classes) + attribute, attributes x, y, w, h, objectness, classes.
    """

    def __init__(self, channels: Mapping[int, int], classes: int, anchors: int = 3, divisor: int = 1) -> None:
        super().__init__()
        out = anchors * (5 + classes)
        self.embeddings = nn.ModuleList()
        self.laterals = nn.ModuleList()
        previous = None
        for stride, published in WIDTHS.items():
            narrow = max(2, published // divisor)
            entering = channels[stride]
            if previous is not None:
                self.laterals.append(ConvBlock(previous, previous // 2, 1))
                entering += previous // 2
            self.embeddings.append(Embedding(entering, narrow, out))
            previous = narrow

    def forward(self, features: Mapping[int, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        coarse, middle, fine = self.embeddings
        branch, out0 = coarse(features[32])
        branch, out1 = middle(self._join(0, branch, features[16]))
        _, out2 = fine(self._join(1, branch, features[8]))
        return out0, out1, out2

    def _join(self, lateral: int, branch: Tensor, feature: Tensor) -> Tensor:
        branch = self.laterals[lateral](branch)
        with torch.autocast(branch.device.type, enabled=False):  # which would copy half precision in float32
            raised = F.interpolate(branch, scale_factor=2, mode="nearest")
        return torch.cat([raised, feature.to(raised.dtype)], dim=1)


def build(channels: Mapping[int, int], classes: int, protocol: Protocol, divisor: int) -> YoloV3Head:
    """Return the head with as many anchors as the protocol has, and the published widths divided by `divisor`."""
    return YoloV3Head(channels, classes, len(protocol.yolo.anchors[0]), divisor)


def loss(output: Sequence[Tensor], target: BoxTarget, protocol: Protocol) -> Tensor:
    """Return the loss of a batch of raw maps."""
    return yolo_loss(output, target, protocol.yolo)


def detect(output: Sequence[Tensor], protocol: Protocol) -> Detections:
    """Return what raw maps detect."""
    return detect_in_maps(output, protocol.yolo)
