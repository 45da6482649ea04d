"""From raw YOLOv3 maps to detections (evaluation.md sections 7.3 and 7.5): decode, filter, suppress.

Suppression on a CPU is torchvision's, brought to the protocol's convention: boxes end at x2 + 1 and y2 + 1, and the
threshold lies one float64 step below the protocol's float32 one, so that an IoU equal to it suppresses. On a GPU all
images of a batch are suppressed at once, with the same outcome (`suppression.py`), and only what is kept is copied.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import nms

from lovt_bench.benchmark.contract.protocol import YoloProtocol
from lovt_bench.tasks.boxes import FRAME
from lovt_bench.tasks.losses.yolo import by_anchor
from lovt_bench.tasks.suppression import unsuppressed


@dataclass(frozen=True)
class Detections:
    """Detections of a batch on the CPU, ordered by image, then class, then score descending."""

    boxes: Tensor
    """(n, 4) float32 x, y, w, h in the frame; not clipped."""
    scores: Tensor
    """(n,) float32: objectness, or what the protocol ranks by."""
    classes: Tensor
    """(n,) int64."""
    class_scores: Tensor
    """(n,) float32 probability of the class; 1 where there is one class."""
    counts: Tensor
    """(B,) int64 detections of each image."""

    @staticmethod
    def join(batches: Sequence[Detections]) -> Detections:
        """Return the detections of several batches as one."""
        fields = ("boxes", "scores", "classes", "class_scores", "counts")
        empty = Detections(
            torch.zeros(0, 4),
            torch.zeros(0),
            torch.zeros(0, dtype=torch.int64),
            torch.zeros(0),
            torch.zeros(0, dtype=torch.int64),
        )
        return Detections(
            *(torch.cat([getattr(part, name) for part in [empty, *batches]]) for name in fields)
        )


def decode(output: Tensor, scale: int, protocol: YoloProtocol, frame: float = FRAME) -> Tensor:
    """Return (B, A * S * S, 5 + C) float32 rows of one raw map, in the order anchor, row, column.

    A row holds centre x, centre y, width, height in pixels of the frame, objectness, class probabilities.
    """
    with torch.autocast(output.device.type, enabled=False):
        anchors = torch.tensor(protocol.anchors[scale], dtype=torch.float32, device=output.device)
        raw = by_anchor(output.float(), len(anchors)).movedim(2, -1)
        grid = raw.shape[2]
        stride = frame / grid
        ticks = torch.arange(grid, device=output.device, dtype=torch.float32)
        corner = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1)
        centre = (torch.sigmoid(raw[..., :2]) + corner) * stride
        size = torch.exp(raw[..., 2:4]) * (anchors / stride)[:, None, None, :] * stride
        rows = torch.cat([centre, size, torch.sigmoid(raw[..., 4:])], dim=-1)
    return rows.flatten(1, 3)


def detect(outputs: Sequence[Tensor], protocol: YoloProtocol, frame: float = FRAME) -> Detections:
    """Return what the raw maps of scales 0, 1, 2 detect; the maps may be on any device."""
    rows = [decode(output, scale, protocol, frame) for scale, output in enumerate(outputs)]
    return suppress(torch.cat(rows, dim=1), protocol)


def suppress(predictions: Tensor, protocol: YoloProtocol) -> Detections:
    """Return the detections that pass the objectness filter and, class by class, non-maximum suppression.

    Args:
        predictions: (B, N, 5 + C) decoded rows.
        protocol: Thresholds and conventions.
    """
    threshold = torch.tensor(protocol.confidence_threshold, dtype=torch.float32, device=predictions.device)
    image, row = torch.nonzero(predictions[..., 4] >= threshold, as_tuple=True)
    kept = predictions[image, row]
    if predictions.shape[-1] > 6:
        class_scores, classes = kept[:, 5:].max(dim=-1)
    else:
        class_scores, classes = torch.ones_like(kept[:, 4]), torch.zeros_like(image)
    corner = kept[:, :2] - kept[:, 2:4] / 2
    opposite = kept[:, :2] + kept[:, 2:4] / 2
    scores = kept[:, 4]
    if protocol.score == "objectness-times-class":
        scores = scores * class_scores
    plus = 1.0 if protocol.iou_convention == "plus-one" else 0.0
    corners = torch.cat([corner, opposite + plus], dim=-1)
    groups = image * max(predictions.shape[-1] - 5, 1) + classes
    limit = torch.tensor(protocol.nms_iou, dtype=torch.float32)
    keep = _one_by_one if kept.device.type == "cpu" else unsuppressed
    index = keep(corners, scores, groups, limit)
    values = torch.cat([corner, opposite - corner, scores[:, None], class_scores[:, None]], dim=-1)[
        index
    ].cpu()
    classes, image = torch.stack([classes, image])[:, index].cpu()
    return Detections(
        values[:, :4].contiguous(),
        values[:, 4].contiguous(),
        classes,
        values[:, 5].contiguous(),
        torch.bincount(image, minlength=len(predictions)),
    )


def _one_by_one(corners: Tensor, scores: Tensor, groups: Tensor, limit: Tensor) -> Tensor:
    """Return what `unsuppressed` returns, by torchvision, a group at a time."""
    below = math.nextafter(float(limit), 0.0)
    order = torch.argsort(groups, stable=True)
    sizes = torch.bincount(groups).tolist() if len(groups) else []
    chosen = [rows[nms(corners[rows], scores[rows], below)] for rows in order.split(sizes) if len(rows)]
    return torch.cat(chosen) if chosen else torch.zeros(0, dtype=torch.int64)
