"""mAP of the COCO challenge, by torchmetrics: another number under its own name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.metric import Metric
from lovt_bench.tasks.metrics.mean_average_precision import classes_of, finite_boxes, kept_detections

METRIC = Metric(names=("coco_mAP",), target="boxes", order=40)

COCO_MOST = 100
"""Detections of an image and class that COCO's mAP looks at."""


LEVELS = tuple(np.linspace(0.5, 0.95, 10).tolist())
"""IoU thresholds of COCO's mAP."""


def coco_map(detections: Detections, target: BoxTarget, levels: Sequence[float] = LEVELS) -> float:
    """Return the mAP of the COCO challenge, or that at other IoU thresholds; at most 100 detections an image."""
    if len(detections.boxes) == 0 or int(target.counts.sum()) == 0:
        return 0.0
    from torchmetrics.detection import MeanAveragePrecision  # five seconds, for the test split only

    detections = best_of_images(detections, COCO_MOST)
    # The library's own levels are rounded to float32: a recall of 0.1 would not reach that of 0.1.
    metric = MeanAveragePrecision(
        box_format="xywh",
        backend="faster_coco_eval",
        iou_thresholds=list(levels),
        rec_thresholds=np.linspace(0.0, 1.0, 101).tolist(),
    )
    metric.warn_on_many_detections = False
    sizes, labels = detections.counts.tolist(), classes_of(target)
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


def best_of_images(detections: Detections, most: int) -> Detections:
    """Return the so many detections of highest score of each image and class, in the given order."""
    image = np.repeat(np.arange(len(detections.counts)), detections.counts.numpy())
    order = np.lexsort((-detections.scores.numpy(), detections.classes.numpy(), image))
    group = np.stack([image, detections.classes.numpy()])[:, order]
    first = np.flatnonzero(np.append(True, (np.diff(group) != 0).any(0)))
    place = np.arange(len(order)) - np.repeat(first, np.diff(np.append(first, len(order))))
    rows = torch.from_numpy(np.sort(order[place < most]))
    counts = torch.bincount(torch.from_numpy(image)[rows], minlength=len(detections.counts))
    return kept_detections(detections, rows, counts)


def compute(detections: Detections, target: BoxTarget, classes: int, protocol: Protocol) -> dict[str, float]:
    """Return `coco_mAP`."""
    return {"coco_mAP": coco_map(detections, target)}
