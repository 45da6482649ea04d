"""Detection mAP by torchmetrics, brought to the protocol's rules (evaluation.md section 11.2).

What differs from COCO: other IoU thresholds, which must be exceeded, sides one pixel longer, no limit on
detections, recall levels as floating-point multiples of 0.01, and classes without ground truth counting as 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.contract.protocol import MetricProtocol
from tasks.boxes import BoxTarget
from tasks.detection import Detections

RECALL_LEVELS = np.arange(0, 1.01, 0.01).tolist()
"""101 values, the last one 1.0; compared as floats, as published."""

FARTHEST = 1e6
"""Pixels. A box beyond (an exponential that ran away) is a false positive wherever it ends."""


def average_precisions(
    detections: Detections, target: BoxTarget, classes: int, protocol: MetricProtocol
) -> NDArray[np.float64]:
    """Return (T, C): the average precision at each of the protocol's IoU thresholds, for each class.

    Args:
        detections: of N images, on the CPU.
        target: boxes of the same images.
        classes: C.
        protocol: thresholds and conventions.
    """
    result = np.zeros((len(protocol.map_iou_thresholds), classes))
    if len(detections.boxes) == 0 or int(target.counts.sum()) == 0:
        return result
    thresholds = protocol.map_iou_thresholds
    if protocol.map_match == "strict":
        thresholds = [float(np.nextafter(value, 1.0)) for value in thresholds]
    plus = 1.0 if protocol.map_iou_convention == "plus-one" else 0.0
    summary, present = _summary(
        detections,
        target,
        plus,
        iou_thresholds=thresholds,
        rec_thresholds=RECALL_LEVELS,
        max_detection_thresholds=[1, 10, 100_000],
        extended_summary=True,
    )
    # (T, R, K, area, limit): all areas, the highest limit; -1 where the class has no ground truth.
    precision = summary["precision"][..., 0, -1].double().numpy()
    result[:, present] = np.clip(precision.mean(axis=1), 0, None)
    return result


def coco_map(detections: Detections, target: BoxTarget) -> float:
    """Return the mAP of the COCO challenge: IoU 0.50 to 0.95, at most 100 detections an image."""
    if len(detections.boxes) == 0 or int(target.counts.sum()) == 0:
        return 0.0
    summary, _ = _summary(detections, target, 0.0)
    return max(float(summary["map"]), 0.0)


def mean_average_precision(
    detections: Detections, target: BoxTarget, classes: int, protocol: MetricProtocol
) -> dict[str, float]:
    """Return `mAP`, and `mAP@0.5` and `mAP@0.75` where these thresholds belong to the protocol."""
    precisions = average_precisions(detections, target, classes, protocol)
    result = {"mAP": float(precisions.mean())}
    for level in (0.5, 0.75):
        if level in protocol.map_iou_thresholds:
            result[f"mAP@{level}"] = float(precisions[protocol.map_iou_thresholds.index(level)].mean())
    return result


def positive_map(detections: Detections, target: BoxTarget, classes: int, protocol: MetricProtocol) -> float:
    """Return the mAP over images with boxes only: `pos_mAP`."""
    return float(average_precisions(*images_with_boxes(detections, target), classes, protocol).mean())


def images_with_boxes(detections: Detections, target: BoxTarget) -> tuple[Detections, BoxTarget]:
    """Return detections and boxes of only those images that have a box."""
    with_boxes = target.counts > 0
    rows = with_boxes.repeat_interleave(detections.counts)
    kept = Detections(
        detections.boxes[rows],
        detections.scores[rows],
        detections.classes[rows],
        detections.class_scores[rows],
        detections.counts[with_boxes],
    )
    return kept, target[with_boxes]


def _summary(
    detections: Detections, target: BoxTarget, plus: float, **options: Any
) -> tuple[dict[str, Tensor], list[int]]:
    """Return torchmetrics' summary and the classes that it found, in its order."""
    from torchmetrics.detection import MeanAveragePrecision  # five seconds, for detection tasks only

    metric = MeanAveragePrecision(box_format="xywh", backend="faster_coco_eval", **options)
    metric.warn_on_many_detections = False
    sizes = detections.counts.tolist()
    valid = target.valid()
    labels = torch.zeros_like(valid, dtype=torch.int64) if target.classes is None else target.classes
    metric.update(
        [
            {"boxes": boxes, "scores": scores, "labels": classes}
            for boxes, scores, classes in zip(
                _longer(detections.boxes, plus).split(sizes),
                detections.scores.split(sizes),
                detections.classes.split(sizes),
                strict=True,
            )
        ],
        [
            {"boxes": _longer(target.boxes[image, :count], plus), "labels": labels[image, :count]}
            for image, count in enumerate(target.counts.tolist())
        ],
    )
    present = torch.cat([detections.classes, labels[valid]]).unique(sorted=True).tolist()
    return metric.compute(), present


def _longer(boxes: Tensor, plus: float) -> Tensor:
    """Return boxes in float64 whose sides are `plus` longer."""
    boxes = boxes.double().nan_to_num(FARTHEST, FARTHEST, -FARTHEST).clamp(-FARTHEST, FARTHEST)
    return torch.cat([boxes[:, :2], boxes[:, 2:] + plus], dim=1)
