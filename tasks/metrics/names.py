"""Names of the metrics that a task computes, in the order in which tables list them. No torch here."""

from __future__ import annotations

from benchmark.contract.task import TaskSpec

PER_CLASS_EXTRAS = ("pos_dice", "IoU", "precision", "recall")
"""Logged beside `<class>_dice`, not reported (evaluation.md section 11.1)."""

DETECTION = ("mAP", "mAP@0.5", "mAP@0.75", "pos_mAP", "froc")
"""Of every detection task; fROC counts only where a task asks for it."""

EXTENDED_DETECTION = ("coco_mAP",)
"""Computed on the test split only: the mAP of the COCO challenge, which is not the protocol's."""


def metric_names(spec: TaskSpec) -> list[str]:
    """Return the names of all metrics that the task's evaluation gives."""
    if spec.target == "boxes":
        return [*DETECTION, *EXTENDED_DETECTION]
    extras = [f"{name}_{extra}" for name in spec.classes for extra in PER_CLASS_EXTRAS]
    return [*(f"{name}_dice" for name in spec.classes), "avg_dice", *extras]
