"""Detection mAP (evaluation.md section 11.2).

It is computed here and not by torchmetrics: it limits no detections, and an untrained head finds two thousand in an
image, of which a whole test split takes more than 10 GB there. Only pairs of a detection and a box that overlap enough
are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lovt_bench.benchmark.contract.protocol import MetricProtocol, Protocol
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.metric import Metric
from lovt_bench.tasks.weighted import RankedClass

METRIC = Metric(names=("mAP", "mAP@0.5", "mAP@0.75"), target="boxes", order=10)

RECALL_LEVELS = np.arange(0, 1.01, 0.01)
"""101 values, the last one 1.0; compared as floats, as published."""

FARTHEST = 1e6
"""Pixels. A box beyond (an exponential that ran away) is a false positive wherever it ends."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def average_precisions(
    detections: Detections, target: BoxTarget, classes: int, protocol: MetricProtocol
) -> Floats:
    """Return (T, C): the average precision at each of the protocol's IoU thresholds, for each class.

    Args:
        detections: Detections of N images, on the CPU. Equal scores rank in the given order.
        target: Boxes of the same images.
        classes: C.
        protocol: Thresholds and conventions.
    """
    found = ranked_classes(detections, target, classes, *compared_with(protocol))
    result = np.zeros((len(protocol.map_iou_thresholds), classes))
    for index, item in enumerate(found):
        for row, hits in enumerate(item.hits):
            result[row, index] = _average_precision(np.flatnonzero(hits), int(item.boxes.sum()))
    return result


def compared_with(protocol: MetricProtocol) -> tuple[list[float], float]:
    """Return the IoU thresholds, which must be exceeded, and what the sides of boxes are longer by."""
    thresholds = protocol.map_iou_thresholds
    if protocol.map_match == "inclusive":
        thresholds = [float(np.nextafter(value, 0.0)) for value in thresholds]
    return thresholds, 1.0 if protocol.map_iou_convention == "plus-one" else 0.0


def ranked_classes(
    detections: Detections, target: BoxTarget, classes: int, thresholds: Sequence[float], plus: float
) -> list[RankedClass]:
    """Return the detections of each class by falling score, with what they hit at each threshold.

    Args:
        detections: Detections of N images, on the CPU. Equal scores rank in the given order.
        target: Boxes of the same images.
        classes: C.
        thresholds: IoU that must be exceeded.
        plus: What the sides of boxes are longer by, in pixels.
    """
    image = np.repeat(np.arange(len(detections.counts)), detections.counts.numpy())
    order = np.argsort(-detections.scores.numpy(), kind="stable")
    valid = target.valid()
    found = _longer(detections.boxes, plus).numpy()
    truth = _longer(target.boxes[valid], plus).numpy()
    truth_image = np.repeat(np.arange(len(target)), target.counts.numpy())
    truth_class = classes_of(target)[valid].numpy()
    result = []
    for index in range(classes):
        own = order[detections.classes.numpy()[order] == index]
        boxes = np.flatnonzero(truth_class == index)
        pairs = _pairs(found[own], image[own], truth[boxes], truth_image[boxes], min(thresholds))
        hits = np.zeros((len(thresholds), len(own)), dtype=bool)
        for row, threshold in enumerate(thresholds):
            hits[row, _hits(pairs, threshold)] = True
        counts = np.bincount(truth_image[boxes], minlength=len(target))
        result.append(RankedClass(image[own], hits, counts))
    return result


def _pairs(
    boxes: Floats, image: Ints, truth: Floats, truth_image: Ints, least: float
) -> list[tuple[int, int, float]]:
    """Return (rank of a detection, index of a box of its image, IoU above `least`) by rank, then by falling IoU.

    Args:
        boxes: (n, 4) x, y, w, h of the detections, best score first.
        image: (n,) their images.
        truth: (m, 4) ground-truth boxes.
        truth_image: (m,) their images, ascending.
        least: IoU that must be exceeded.
    """
    ranks = np.argsort(image, kind="stable")
    pairs: list[tuple[int, int, float]] = []
    for number in np.unique(truth_image):
        of_image = ranks[slice(*np.searchsorted(image[ranks], [number, number + 1]))]
        of_truth = slice(*np.searchsorted(truth_image, [number, number + 1]))
        iou = _iou(boxes[of_image], truth[of_truth])
        near = np.argwhere(iou > least)
        pairs += [(int(of_image[d]), of_truth.start + int(t), float(iou[d, t])) for d, t in near]
    return sorted(pairs, key=lambda pair: (pair[0], -pair[2]))


def _hits(pairs: Sequence[tuple[int, int, float]], threshold: float) -> Ints:
    """Return the ranks of the true positives: each takes the free box of highest IoU above the threshold."""
    taken: set[int] = set()
    hits: list[int] = []
    for rank, box, iou in pairs:
        if iou > threshold and box not in taken and hits[-1:] != [rank]:
            taken.add(box)
            hits.append(rank)
    return np.array(hits, dtype=np.int64)


def _average_precision(hits: Ints, boxes: int) -> float:
    """Return the mean over the recall levels of the highest precision that reaches each."""
    positives = np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate((positives / (hits + 1))[::-1])[::-1]
    reached = np.searchsorted(positives / max(boxes, 1), RECALL_LEVELS)
    return float(np.append(precision, 0.0)[reached].mean())


def _iou(boxes: Floats, truth: Floats) -> Floats:
    """Return (n, m) IoU of boxes x, y, w, h."""
    low = np.maximum(boxes[:, None, :2], truth[:, :2])
    high = np.minimum((boxes[:, :2] + boxes[:, 2:])[:, None], truth[:, :2] + truth[:, 2:])
    overlap = (high - low).clip(0).prod(-1)
    union = boxes[:, 2:].prod(-1)[:, None] + truth[:, 2:].prod(-1) - overlap
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)


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


def kept_detections(detections: Detections, rows: Tensor, counts: Tensor) -> Detections:
    """Return some of the detections.

    Args:
        detections: Detections of N images.
        rows: Index or mask of those that are kept.
        counts: How many of each image are kept.
    """
    return Detections(
        detections.boxes[rows],
        detections.scores[rows],
        detections.classes[rows],
        detections.class_scores[rows],
        counts,
    )


def classes_of(target: BoxTarget) -> Tensor:
    """Return (N, M) int64, 0 where there is one class."""
    return (
        torch.zeros_like(target.boxes[..., 0], dtype=torch.int64)
        if target.classes is None
        else target.classes
    )


def finite_boxes(boxes: Tensor) -> Tensor:
    """Return boxes in float64, cut at `FARTHEST`: what every mAP is computed from."""
    return boxes.double().nan_to_num(FARTHEST, FARTHEST, -FARTHEST).clamp(-FARTHEST, FARTHEST)


def _longer(boxes: Tensor, plus: float) -> Tensor:
    """Return `finite_boxes` whose sides are `plus` longer."""
    boxes = finite_boxes(boxes)
    return torch.cat([boxes[:, :2], boxes[:, 2:] + plus], dim=1)


def compute(detections: Detections, target: BoxTarget, classes: int, protocol: Protocol) -> dict[str, float]:
    """Return `mean_average_precision`."""
    return mean_average_precision(detections, target, classes, protocol.metrics)
