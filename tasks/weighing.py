"""From predictions to what a metric of weighted images needs of them (`tasks.weighted`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from lovt_bench.benchmark.contract.protocol import MetricProtocol
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.metrics.coco_map import COCO_MOST, best_of_images
from lovt_bench.tasks.metrics.froc import ranked_hits
from lovt_bench.tasks.metrics.mean_average_precision import compared_with, ranked_classes
from lovt_bench.tasks.weighted import Centred, Counted, Ranked, Weighted


def weigh_masks(counts: Tensor, classes: Sequence[str], metric: str) -> Weighted:
    """Return masks as a metric weighs them.

    Args:
        counts: (N, C, 3) int64, as in predictions.
        classes: Their names.
        metric: `<class>_dice`, `<class>_pos_dice` or `avg_dice`.

    Raises:
        ValueError: The metric is none of them.
    """
    values = counts.numpy()
    for index, name in enumerate(classes):
        if metric in (f"{name}_dice", f"{name}_pos_dice"):
            return Counted(values[:, index : index + 1], pooled=metric == f"{name}_dice")
    if metric == "avg_dice":
        return Counted(values)
    raise ValueError(f"{metric} of masks has no interval over images")


def weigh_boxes(
    detections: Detections, target: BoxTarget, classes: int, protocol: MetricProtocol, metric: str
) -> Weighted:
    """Return detections as a metric weighs them: `mAP`, `mAP@0.5`, `mAP@0.75`, `coco_mAP` or `froc`.

    Raises:
        ValueError: The metric is none of them.
    """
    if metric == "froc":
        return _centred(detections, target, protocol)
    if metric == "coco_mAP":
        levels = [float(np.nextafter(level, 0.0)) for level in np.linspace(0.5, 0.95, 10)]
        kept = best_of_images(detections, COCO_MOST)
        return Ranked(ranked_classes(kept, target, classes, levels, 0.0), "left out")
    levels, plus = compared_with(protocol)
    if metric.startswith("mAP@"):
        levels = [levels[protocol.map_iou_thresholds.index(float(metric.removeprefix("mAP@")))]]
    elif metric != "mAP":
        raise ValueError(f"{metric} of boxes has no interval over images")
    return Ranked(ranked_classes(detections, target, classes, levels, plus))


def _centred(detections: Detections, target: BoxTarget, protocol: MetricProtocol) -> Centred:
    order = np.argsort(-detections.scores.numpy(), kind="stable")
    image = np.repeat(np.arange(len(detections.counts)), detections.counts.numpy())[order]
    boxes = target.counts.numpy()
    truth = target.boxes[target.valid()].numpy()
    inside, first = ranked_hits(detections.boxes.numpy()[order], image, truth, boxes)
    found = np.bincount(first, minlength=len(order) + 1)[: len(order)]
    return Centred(
        image,
        inside,
        found,
        boxes,
        protocol.froc_operating_points,
        fill_last=protocol.froc_fill == "last-recorded",
        one_point_each=protocol.froc_points_per_detection == "one",
    )
