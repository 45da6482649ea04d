"""AP50 of the COCO challenge, by torchmetrics."""

from __future__ import annotations

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.metric import Metric
from lovt_bench.tasks.metrics.coco_map import coco_map

METRIC = Metric(names=("coco_AP50",), target="boxes", order=50, beside=True)


def compute(detections: Detections, target: BoxTarget, classes: int, protocol: Protocol) -> dict[str, float]:
    """Return `coco_AP50`."""
    return {"coco_AP50": coco_map(detections, target, [0.5])}
