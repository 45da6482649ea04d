"""Example predictions of a task's first repetition on a few phantom images, for people to look at.

Never drawn for public data, and never the reason for a failed run. Only the few rows that are shown are predicted.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lovt_bench.benchmark.contract.dataset import IMAGE_SIDE
from lovt_bench.benchmark.contract.example import EXAMPLE_SIDE, ExampleBox, ExampleImage, ExampleSet
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.engine.plan import RunConfig
from lovt_bench.benchmark.engine.task_plan import TaskPlan
from lovt_bench.benchmark.log import logger
from lovt_bench.tasks.heads import head_module

Predict = Callable[[Tensor], Any]
"""From indices of test rows (int64, CPU) to the head's output: logits (B, C, S, S), or raw maps of three scales."""

MOST = 3
"""Images of a task."""
_MOST_BOXES = 10


def is_shown(plan: TaskPlan, config: RunConfig) -> bool:
    """Whether the run is the one whose predictions are shown."""
    first = plan.evaluation.protocol.runs.final_seeds[0]
    phantom = plan.store.manifest.track == "phantom"
    return phantom and plan.evaluation.engine == "fast" and (config.phase, config.seed) == ("final", first)


def examples_path(workspace: Path, submission: str, task: str) -> Path:
    """Return the file of a task's examples."""
    return workspace / "examples" / "phantom" / submission / f"{task}.json"


def write_examples(plan: TaskPlan, config: RunConfig, predict: Predict) -> None:
    """Predict a few test images and write them, if the run is the one to be shown; log what goes wrong."""
    if not is_shown(plan, config):
        return
    try:
        rows = _rows_with_target(plan)
        if rows:
            path = examples_path(plan.evaluation.workspace, plan.evaluation.source.name, plan.spec.id)
            write_text(path, make_examples(plan, config, rows, predict(torch.tensor(rows))).to_json())
    except Exception as error:
        logger.warning("task %s: no example predictions (%s)", plan.spec.id, error)


def make_examples(plan: TaskPlan, config: RunConfig, rows: list[int], output: Any) -> ExampleSet:
    """Return the examples of test rows.

    Args:
        plan: The task.
        config: The run that predicted.
        rows: Indices into the test split.
        output: Output of the head for these rows.
    """
    stored = plan.store.rows("test")[rows]
    images = [
        ExampleImage(id=name[:80], png=_png(Image.fromarray(plan.store.images[row])))
        for name, row in zip(plan.store.ids(stored), stored, strict=True)
    ]
    if plan.spec.target == "boxes":
        shown = [
            image.model_copy(update=boxes)
            for image, boxes in zip(images, _boxes(plan, stored, output), strict=True)
        ]
    else:
        shown = [
            image.model_copy(update=masks)
            for image, masks in zip(images, _masks(plan, stored, output), strict=True)
        ]
    return ExampleSet(
        submission=plan.evaluation.source.name,
        task=plan.spec.id,
        track="phantom",
        run_key=plan.key(config).key(),
        images=shown,
    )


def _rows_with_target(plan: TaskPlan) -> list[int]:
    """Return the first test rows that have something to find."""
    stored = plan.store.rows("test")[: plan.sizes.test]
    boxes = plan.spec.target == "boxes"
    found: list[int] = []
    for index, row in enumerate(stored):
        if len(found) < MOST and (
            len(plan.store.boxes(int(row))) if boxes else plan.store.masks([row]).any()
        ):
            found.append(index)
    return found


def _masks(plan: TaskPlan, stored: np.ndarray, logits: Tensor) -> list[dict[str, str]]:
    threshold = plan.evaluation.protocol.metrics.mask_threshold
    predicted = (logits.float().sigmoid() > threshold).any(dim=1).cpu().numpy()
    truth = np.asarray(plan.store.masks(stored)).max(axis=1) > 0
    return [
        {"truth_mask": _png(Image.fromarray(real)), "predicted_mask": _png(Image.fromarray(found))}
        for real, found in zip(truth, predicted, strict=True)
    ]


def _boxes(plan: TaskPlan, stored: np.ndarray, output: Any) -> list[dict[str, list[ExampleBox]]]:
    maps = [scale.detach() for scale in output]
    detections = head_module(plan.spec.head).detect(maps, plan.evaluation.protocol)
    shown = []
    parts = zip(
        *(
            tensor.split(detections.counts.tolist())
            for tensor in (detections.boxes, detections.scores, detections.classes)
        ),
        strict=True,
    )
    for row, (boxes, scores, classes) in zip(stored, parts, strict=True):
        best = scores.argsort(descending=True)[:_MOST_BOXES]
        names = plan.spec.classes
        shown.append(
            {
                "truth_boxes": [
                    _box(box, plan.store.manifest.classes[index])
                    for box, index in zip(
                        plan.store.boxes(int(row)).tolist(),
                        plan.store.box_classes(int(row)).tolist(),
                        strict=True,
                    )
                ],
                "predicted_boxes": [
                    _box(boxes[i].tolist(), names[int(classes[i])], min(1.0, float(scores[i]))) for i in best
                ],
            }
        )
    return shown


def _box(box: list[float], label: str, confidence: float | None = None) -> ExampleBox:
    """Return a box x, y, w, h of the stored frame in pixels of the example."""
    x, y, w, h = (value * EXAMPLE_SIDE / IMAGE_SIDE for value in box)
    x1, y1, x2, y2 = (round(value, 2) for value in (x, y, x + w, y + h))
    return ExampleBox(x1=x1, y1=y1, x2=x2, y2=y2, label=label[:40], confidence=confidence)


def _png(image: Image.Image) -> str:
    """Return a PNG of the example's side, base64: grey, or 1 bit where the image has 1 bit."""
    resampling = Image.Resampling.NEAREST if image.mode == "1" else Image.Resampling.BILINEAR
    file = io.BytesIO()
    image.resize((EXAMPLE_SIDE, EXAMPLE_SIDE), resampling).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()
