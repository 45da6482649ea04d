"""fROC: mean sensitivity at given false positives per image (evaluation.md section 11.3, quirks included)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lovt_bench.benchmark.contract.protocol import MetricProtocol, Protocol
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.metric import Metric

METRIC = Metric(names=("froc",), target="boxes", order=20)

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


def froc(
    boxes: Floats,
    scores: Floats,
    counts: Ints,
    truth: Floats,
    truth_counts: Ints,
    protocol: MetricProtocol,
) -> float:
    """Return the fROC of a split. A detection hits every box of its image that holds its centre.

    Args:
        boxes: (n, 4) detections x, y, w, h, image after image.
        scores: (n,) their scores; equal scores rank in the given order.
        counts: (N,) detections of each image.
        truth: (G, 4) ground-truth boxes x, y, w, h, image after image.
        truth_counts: (N,) boxes of each image.
        protocol: Operating points and rules.

    Returns:
        A fraction; 1.0 where there are no boxes (undefined in the published code once a point is reached).

    Raises:
        ValueError: The counts do not fit the rows or each other.
    """
    if counts.sum() != len(boxes) or len(boxes) != len(scores) or truth_counts.sum() != len(truth):
        raise ValueError("counts must add up to the rows of boxes, scores and truth")
    if len(counts) != len(truth_counts):
        raise ValueError(f"{len(counts)} images with detections, {len(truth_counts)} with boxes")
    if len(truth) == 0:
        return 1.0
    order = np.argsort(-scores, kind="stable")
    image = np.repeat(np.arange(len(counts)), counts)[order]
    inside, first_hit = ranked_hits(boxes[order], image, truth, truth_counts)
    false_positives = np.cumsum(~inside)
    hits = np.cumsum(np.bincount(first_hit, minlength=len(order) + 1)[: len(order)])
    final = (hits[-1] if len(hits) else 0) / len(truth)

    recorded: list[float] = []
    earliest = 0
    for point in protocol.froc_operating_points:
        reached = int(np.searchsorted(false_positives / len(counts), point, side="left"))
        position = max(reached, earliest)
        if position >= len(order):
            break
        recorded.append(hits[position] / len(truth))
        if protocol.froc_points_per_detection == "one":
            earliest = position + 1
    fill = recorded[-1] if recorded and protocol.froc_fill == "last-recorded" else final
    recorded += [fill] * (len(protocol.froc_operating_points) - len(recorded))
    return float(np.mean(recorded))


def ranked_hits(
    boxes: Floats, image: Ints, truth: Floats, truth_counts: Ints
) -> tuple[NDArray[np.bool_], Ints]:
    """Return whether each ranked detection lies in a box, and the first rank that hits each box (n: none)."""
    boxes, truth = boxes.astype(np.float64), truth.astype(np.float64)
    centre = boxes[:, :2] + boxes[:, 2:] / 2
    partners = truth_counts[image]
    detection = np.repeat(np.arange(len(boxes)), partners)
    within = np.arange(len(detection)) - np.repeat(np.cumsum(partners) - partners, partners)
    offsets = np.cumsum(truth_counts) - truth_counts
    box = offsets[image][detection] + within
    low, high = truth[box, :2], truth[box, :2] + truth[box, 2:]
    hit = ((low <= centre[detection]) & (centre[detection] <= high)).all(axis=1)
    first = np.full(len(truth), len(boxes))
    np.minimum.at(first, box[hit], detection[hit])
    inside = np.zeros(len(boxes), dtype=bool)
    inside[detection[hit]] = True
    return inside, first


def compute(detections: Detections, target: BoxTarget, classes: int, protocol: Protocol) -> dict[str, float]:
    """Return `froc`; all classes are one."""
    return {
        "froc": froc(
            detections.boxes.numpy(),
            detections.scores.numpy(),
            detections.counts.numpy(),
            target.boxes[target.valid()].numpy(),
            target.counts.numpy(),
            protocol.metrics,
        )
    }
