"""Names of the metrics that a task computes, in the order in which tables list them. No torch here."""

from __future__ import annotations

from benchmark.contract.task import TaskSpec

PER_CLASS_EXTRAS = ("pos_dice", "IoU", "precision", "recall")
"""Logged beside `<class>_dice`, not reported (evaluation.md section 11.1)."""

DETECTION = ("mAP", "mAP@0.5", "mAP@0.75", "froc")
"""Of every detection task on test; on validation those that come with the metric it monitors."""

EXTENDED_DETECTION = ("pos_mAP", "coco_mAP")
"""Logged on the test split: mAP over images with boxes, and the mAP of the COCO challenge."""


def metric_names(spec: TaskSpec) -> list[str]:
    """Return the names of all metrics that the task's evaluation gives."""
    if spec.target == "boxes":
        return [*DETECTION, *EXTENDED_DETECTION]
    extras = [f"{name}_{extra}" for name in spec.classes for extra in PER_CLASS_EXTRAS]
    return [*(f"{name}_dice" for name in spec.classes), "avg_dice", *extras]
