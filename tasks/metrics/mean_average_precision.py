"""Detection mAP (evaluation.md section 11.2), and that of the COCO challenge by torchmetrics.

The protocol's is computed here: it limits no detections, and an untrained head finds two thousand in an image, of
which a whole test split takes more than 10 GB in torchmetrics. Only pairs of a detection and a box that overlap
enough are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.contract.protocol import MetricProtocol
from tasks.boxes import BoxTarget
from tasks.detection import Detections

RECALL_LEVELS = np.arange(0, 1.01, 0.01)
"""101 values, the last one 1.0; compared as floats, as published."""

FARTHEST = 1e6
"""Pixels. A box beyond (an exponential that ran away) is a false positive wherever it ends."""

COCO_MOST = 100
"""Detections of an image and class that COCO's mAP looks at."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def average_precisions(
    detections: Detections, target: BoxTarget, classes: int, protocol: MetricProtocol
) -> Floats:
    """Return (T, C): the average precision at each of the protocol's IoU thresholds, for each class.

    Args:
        detections: of N images, on the CPU. Equal scores rank in the given order.
        target: boxes of the same images.
        classes: C.
        protocol: thresholds and conventions.
    """
    thresholds = protocol.map_iou_thresholds
    if protocol.map_match == "inclusive":
        thresholds = [float(np.nextafter(value, 0.0)) for value in thresholds]
    plus = 1.0 if protocol.map_iou_convention == "plus-one" else 0.0
    image = np.repeat(np.arange(len(detections.counts)), detections.counts.numpy())
    order = np.argsort(-detections.scores.numpy(), kind="stable")
    valid = target.valid()
    found = _longer(detections.boxes, plus).numpy()
    truth = _longer(target.boxes[valid], plus).numpy()
    truth_image = np.repeat(np.arange(len(target)), target.counts.numpy())
    truth_class = _classes(target)[valid].numpy()
    result = np.zeros((len(thresholds), classes))
    for index in range(classes):
        own = order[detections.classes.numpy()[order] == index]
        boxes = np.flatnonzero(truth_class == index)
        pairs = _pairs(found[own], image[own], truth[boxes], truth_image[boxes], min(thresholds))
        for row, threshold in enumerate(thresholds):
            result[row, index] = _average_precision(_hits(pairs, threshold), len(boxes))
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


def coco_map(detections: Detections, target: BoxTarget) -> float:
    """Return the mAP of the COCO challenge: IoU 0.50 to 0.95, at most 100 detections an image."""
    if len(detections.boxes) == 0 or int(target.counts.sum()) == 0:
        return 0.0
    from torchmetrics.detection import MeanAveragePrecision  # five seconds, for the test split only

    detections = _best(detections, COCO_MOST)
    # The library's own levels are rounded to float32: a recall of 0.1 would not reach that of 0.1.
    metric = MeanAveragePrecision(
        box_format="xywh",
        backend="faster_coco_eval",
        iou_thresholds=np.linspace(0.5, 0.95, 10).tolist(),
        rec_thresholds=np.linspace(0.0, 1.0, 101).tolist(),
    )
    metric.warn_on_many_detections = False
    sizes, labels = detections.counts.tolist(), _classes(target)
    metric.update(
        [
            {"boxes": boxes, "scores": scores, "labels": classes}
            for boxes, scores, classes in zip(
                finite_boxes(detections.boxes).split(sizes),
                detections.scores.split(sizes),
                detections.classes.split(sizes),
                strict=True,
            )
        ],
        [
            {"boxes": finite_boxes(target.boxes[image, :count]), "labels": labels[image, :count]}
            for image, count in enumerate(target.counts.tolist())
        ],
    )
    return max(float(metric.compute()["map"]), 0.0)


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
    return _kept(detections, rows, detections.counts[with_boxes]), target[with_boxes]


def _best(detections: Detections, most: int) -> Detections:
    """Return the so many detections of highest score of each image and class, in the given order."""
    image = np.repeat(np.arange(len(detections.counts)), detections.counts.numpy())
    order = np.lexsort((-detections.scores.numpy(), detections.classes.numpy(), image))
    group = np.stack([image, detections.classes.numpy()])[:, order]
    first = np.flatnonzero(np.append(True, (np.diff(group) != 0).any(0)))
    place = np.arange(len(order)) - np.repeat(first, np.diff(np.append(first, len(order))))
    rows = torch.from_numpy(np.sort(order[place < most]))
    counts = torch.bincount(torch.from_numpy(image)[rows], minlength=len(detections.counts))
    return _kept(detections, rows, counts)


def _kept(detections: Detections, rows: Tensor, counts: Tensor) -> Detections:
    return Detections(
        detections.boxes[rows],
        detections.scores[rows],
        detections.classes[rows],
        detections.class_scores[rows],
        counts,
    )


def _classes(target: BoxTarget) -> Tensor:
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
