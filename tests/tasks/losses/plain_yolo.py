"""Target assignment and loss of evaluation.md section 7.4 the slow way: box after box, in float64."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.contract.protocol import YoloProtocol

Boxes = list[tuple[float, float, float, float]]


@dataclass
class Plain:
    """Masks (A, S, S) and offsets (A, S, S, 4) of one image at one scale."""

    positive: np.ndarray
    background: np.ndarray
    offsets: np.ndarray


def plain_iou(size: tuple[float, float], anchor: tuple[float, float], plus: float) -> float:
    overlap = (min(size[0], anchor[0]) + plus) * (min(size[1], anchor[1]) + plus)
    areas = (size[0] + plus) * (size[1] + plus) + (anchor[0] + plus) * (anchor[1] + plus)
    return overlap / (areas - overlap + 1e-16)


def plain_targets(boxes: Boxes, scale: int, grid: int, protocol: YoloProtocol, frame: float = 224.0) -> Plain:
    stride, anchors = frame / grid, protocol.anchors[scale]
    plus = 1.0 if protocol.iou_convention == "plus-one" else 0.0
    shape = (len(anchors), grid, grid)
    own = Plain(np.zeros(shape, bool), np.ones(shape, bool), np.zeros((*shape, 4)))
    for x, y, w, h in boxes:
        cx, cy = (x + w / 2) / stride, (y + h / 2) / stride
        column, row = (max(0, min(int(centre), grid - 1)) for centre in (cx, cy))
        ious = [plain_iou((w / stride, h / stride), (a / stride, b / stride), plus) for a, b in anchors]
        for k, iou in enumerate(ious):
            if iou > protocol.ignore_iou:
                own.background[k, row, column] = False
        best = int(np.argmax(ious))
        if protocol.target_scales == "best":
            every = [
                (s, k) for s, scale_anchors in enumerate(protocol.anchors) for k in range(len(scale_anchors))
            ]
            pixel = [plain_iou((w, h), protocol.anchors[s][k], plus) for s, k in every]
            chosen, best = every[int(np.argmax(pixel))]
            if chosen != scale:
                continue
        own.positive[best, row, column] = True
        ratio = (w / anchors[best][0], h / anchors[best][1])
        own.offsets[best, row, column] = [cx - column, cy - row, *(math.log(r + 1e-16) for r in ratio)]
    if protocol.positive_below_ignore == "object-only":
        own.background &= ~own.positive
    return own


def plain_scale_loss(raw: np.ndarray, targets: list[Plain], protocol: YoloProtocol) -> float:
    """Return the loss of one scale of B images from raw (B, A, 6, S, S)."""
    positive = np.stack([own.positive for own in targets])
    background = np.stack([own.background for own in targets])
    offsets = np.stack([own.offsets for own in targets])

    def sigmoid(values):
        return 1 / (1 + np.exp(-values))

    def entropy(p, t):
        with np.errstate(divide="ignore"):
            return -(t * np.maximum(np.log(p), -100) + (1 - t) * np.maximum(np.log(1 - p), -100))

    over = positive.size if protocol.loss_mean == "all-positions" else max(positive.sum(), 1)
    total = 0.0
    for axis in (0, 1):
        total += (entropy(sigmoid(raw[:, :, axis]) * positive, offsets[..., axis] * positive)).sum() / over
    for axis in (2, 3):
        total += ((raw[:, :, axis] * positive - offsets[..., axis] * positive) ** 2).sum() / over
    objectness = entropy(sigmoid(raw[:, :, 4]) * positive, positive * 1.0).mean()
    objectness += protocol.no_object_weight * entropy(sigmoid(raw[:, :, 4]) * background, 0.0).mean()
    return protocol.coordinate_weight * total + objectness
