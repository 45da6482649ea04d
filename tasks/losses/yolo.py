"""YOLOv3 loss (evaluation.md section 7.4). Float32, outside autocast, without host sync.

The published loss averages every term over all positions of a scale, not over positives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from lovt_bench.benchmark.contract.protocol import YoloProtocol
from lovt_bench.tasks.boxes import FRAME, BoxTarget
from lovt_bench.tasks.losses.cross_entropy import cross_entropy
from lovt_bench.tasks.losses.yolo_targets import ScaleTargets, assign_targets


@dataclass(frozen=True)
class ScaleLoss:
    """Terms of one scale, unweighted scalars, and their weighted sum."""

    x: Tensor
    y: Tensor
    w: Tensor
    h: Tensor
    objectness: Tensor
    """Positives plus the weighted background."""
    classes: Tensor
    total: Tensor


def yolo_loss(
    outputs: Sequence[Tensor], target: BoxTarget, protocol: YoloProtocol, frame: float = FRAME
) -> Tensor:
    """Return the sum of the scales' losses, a float32 scalar.

    Args:
        outputs: Raw maps of scales 0, 1, 2, each (B, A * (5 + C), S, S).
        target: Boxes in the frame, on the outputs' device.
        protocol: Anchors, rules and weights.
        frame: Side of the frame in pixels.
    """
    losses = yolo_scale_losses(outputs, target, protocol, frame)
    return torch.stack([loss.total for loss in losses]).sum()


def yolo_scale_losses(
    outputs: Sequence[Tensor], target: BoxTarget, protocol: YoloProtocol, frame: float = FRAME
) -> list[ScaleLoss]:
    """Return the terms of every scale.

    Raises:
        ValueError: The outputs are not one square map a scale, or not of the target's batch.
    """
    if len(outputs) != len(protocol.anchors):
        raise ValueError(f"expected {len(protocol.anchors)} maps, one a scale, found {len(outputs)}")
    with torch.autocast(outputs[0].device.type, enabled=False):
        return [
            _scale_loss(output.float(), scale, target, protocol, frame)
            for scale, output in enumerate(outputs)
        ]


def by_anchor(output: Tensor, anchors: int) -> Tensor:
    """Return a raw map (B, A * (5 + C), S, S) as (B, A, 5 + C, S, S)."""
    if output.ndim != 4 or output.shape[1] % anchors or output.shape[1] < 6 * anchors:
        raise ValueError(f"raw map {tuple(output.shape)}: expected (B, {anchors} * (5 + classes), S, S)")
    if output.shape[2] != output.shape[3]:
        raise ValueError(f"raw map {tuple(output.shape)}: expected a square grid")
    return output.unflatten(1, (anchors, -1))


def _scale_loss(
    output: Tensor, scale: int, target: BoxTarget, protocol: YoloProtocol, frame: float
) -> ScaleLoss:
    raw = by_anchor(output, len(protocol.anchors[scale]))
    if len(raw) != len(target):
        raise ValueError(f"raw map of {len(raw)} images, target of {len(target)}")
    classes = raw.shape[2] - 5
    truth = assign_targets(target, scale, raw.shape[-1], classes, protocol, frame)
    positive = truth.positive.float()
    everywhere = positive.numel()
    over = everywhere if protocol.loss_mean == "all-positions" else positive.sum().clamp_min(1)

    centre = probabilities(raw[:, :, 0:2]) * positive[:, :, None]
    offsets = truth.offsets.movedim(-1, 2)
    entropy = cross_entropy(centre, offsets[:, :, 0:2]).sum((0, 1, 3, 4)) / over
    square = ((raw[:, :, 2:4] * positive[:, :, None] - offsets[:, :, 2:4]) ** 2).sum((0, 1, 3, 4)) / over
    objectness = _objectness_loss(probabilities(raw[:, :, 4]), truth, protocol)
    if classes > 1:
        probability = probabilities(raw[:, :, 5:]) * positive[:, :, None]
        label = truth.classes.movedim(-1, 2).float()
        class_loss = F.binary_cross_entropy(probability, label, reduction="sum") / (everywhere * classes)
    else:
        class_loss = objectness.new_zeros(())
    total = protocol.coordinate_weight * (entropy.sum() + square.sum()) + objectness + class_loss
    total = total + 0 * raw.detach().sum()  # not finite where the head's output is not: the run has diverged
    return ScaleLoss(entropy[0], entropy[1], square[0], square[1], objectness, class_loss, total)


def probabilities(raw: Tensor) -> Tensor:
    """Return the logistic function, 0.5 where undefined: cross entropy of NaN aborts the process on CUDA."""
    return torch.sigmoid(raw).nan_to_num(0.5)


def _objectness_loss(probability: Tensor, truth: ScaleTargets, protocol: YoloProtocol) -> Tensor:
    positive = truth.positive.float()
    found = F.binary_cross_entropy(probability * positive, positive)
    quiet = F.binary_cross_entropy(probability * truth.background.float(), torch.zeros_like(probability))
    return found + protocol.no_object_weight * quiet
