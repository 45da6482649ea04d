"""From a task to its head."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from benchmark.contract.protocol import Protocol
from benchmark.contract.task import HeadName, TaskSpec
from tasks.heads.linear import LinearHead
from tasks.heads.unet import UNetHead
from tasks.heads.yolov3 import YoloV3Head

HEADS: dict[HeadName, type[YoloV3Head] | type[LinearHead] | type[UNetHead]] = {
    "yolov3": YoloV3Head,
    "linear": LinearHead,
    "unet": UNetHead,
}


def head_strides(spec: TaskSpec) -> tuple[int, ...]:
    """Return the strides of the feature maps that the task's head reads, ascending; 1 is the image itself."""
    return HEADS[spec.head].strides


def build_head(spec: TaskSpec, channels: Mapping[int, int], protocol: Protocol) -> nn.Module:
    """Return the task's head, freshly initialised from torch's current generator.

    Args:
        spec: the task.
        channels: channels of each of the backbone's feature levels, keyed by stride.
        protocol: says how many anchors a scale has.

    Raises:
        ValueError: the backbone lacks a stride that the head needs.
    """
    head = HEADS[spec.head]
    missing = [stride for stride in head.strides if stride != 1 and stride not in channels]
    if missing:
        raise ValueError(
            f"task {spec.id}: head {spec.head} needs feature levels of strides {missing}, "
            f"the backbone has {sorted(channels)}; declare them in its levels"
        )
    if head is YoloV3Head:
        return YoloV3Head(channels, len(spec.classes), anchors=len(protocol.yolo.anchors[0]))
    return head(channels, len(spec.classes))
