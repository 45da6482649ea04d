"""mAP over images with boxes only."""

from __future__ import annotations

from lovt_bench.benchmark.contract.protocol import MetricProtocol, Protocol
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.metric import Metric
from lovt_bench.tasks.metrics.mean_average_precision import average_precisions, kept_detections

METRIC = Metric(names=("pos_mAP",), target="boxes", order=30)


def positive_map(detections: Detections, target: BoxTarget, classes: int, protocol: MetricProtocol) -> float:
    """Return the mAP over images with boxes only: `pos_mAP`."""
    return float(average_precisions(*images_with_boxes(detections, target), classes, protocol).mean())


def images_with_boxes(detections: Detections, target: BoxTarget) -> tuple[Detections, BoxTarget]:
    """Return detections and boxes of only those images that have a box."""
    with_boxes = target.counts > 0
    rows = with_boxes.repeat_interleave(detections.counts)
    return kept_detections(detections, rows, detections.counts[with_boxes]), target[with_boxes]


def compute(detections: Detections, target: BoxTarget, classes: int, protocol: Protocol) -> dict[str, float]:
    """Return `pos_mAP`."""
    return {"pos_mAP": positive_map(detections, target, classes, protocol.metrics)}
