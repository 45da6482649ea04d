"""Predictions and ground truth in the COCO formats: what other tools read and pycocotools scores.

Images are named by their row in the store, and have no file name: IDs of images may name patients.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from faster_coco_eval.core import mask as rle

from lovt_bench.benchmark.data.format import unpack_masks
from lovt_bench.benchmark.disk.temporary import new_folder
from lovt_bench.benchmark.engine.prediction_format import PredictionError, StoredPredictions
from lovt_bench.benchmark.engine.rescore import ScoredRun, check_fits
from lovt_bench.benchmark.engine.targets import box_targets, packed_masks
from lovt_bench.tasks.boxes import FRAME
from lovt_bench.tasks.metrics.mean_average_precision import finite_boxes
from lovt_bench.tasks.predictions import MaskPredictions

ANNOTATIONS = "annotations.json"

Coco = dict[str, Any]


def write_coco(out: Path, runs: Sequence[tuple[ScoredRun, list[Coco]]]) -> list[Path]:
    """Write ground truth and results of runs of one cell into a new folder, whole or not at all.

    Args:
        out: `annotations.json` and `seed-<seed>.json` of each run appear in it.
        runs: Runs of one task on one store, and their `results`.

    Returns:
        The files.

    Raises:
        FileExistsError: There is something at `out`.
    """
    files = {ANNOTATIONS: json.dumps(ground_truth(runs[0][0]))}
    files |= {f"seed-{run.record.run.seed}.json": json.dumps(found) for run, found in runs}
    with new_folder(out, replace=False) as folder:
        for name, text in files.items():
            (folder / name).write_text(text + "\n", encoding="utf-8")
    return [out / name for name in files]


def ground_truth(run: ScoredRun) -> Coco:
    """Return the ground truth of a run's test images in the frame of its predictions."""
    boxes = run.spec.target == "boxes"
    side = int(FRAME) if boxes else run.side
    found = list(_box_annotations(run) if boxes else _mask_annotations(run))
    return {
        "info": {"description": f"{run.spec.id}: rows of the test split of {run.store.manifest.name}"},
        "images": [{"id": int(row), "width": side, "height": side} for row in run.rows],
        "categories": [{"id": i, "name": name} for i, name in enumerate(run.spec.classes, start=1)],
        "annotations": [{"id": i, **one, "iscrowd": 0} for i, one in enumerate(found, start=1)],
    }


def results(run: ScoredRun, stored: StoredPredictions) -> list[Coco]:
    """Return the detections or masks of a run; a mask without a pixel is none, and one has no score but 1.

    Raises:
        PredictionError: They do not belong to the run, or masks were not kept.
    """
    check_fits(run, stored)
    found = stored.predictions
    if isinstance(found, MaskPredictions):
        if found.masks is None:
            raise PredictionError("holds counts alone: the run was made with --no-masks")
        return [
            {"image_id": row, "category_id": index + 1, "segmentation": _rle(mask), "score": 1.0}
            for row, index, mask in _masks(stored.rows, found.masks.numpy(), found.side)
        ]
    rows = np.repeat(stored.rows, found.counts.numpy()).tolist()
    # As `coco_mAP` reads them: float64, and what ran away to infinity cut.
    boxes, scores, classes = finite_boxes(found.boxes).tolist(), found.scores.tolist(), found.classes.tolist()
    return [
        {"image_id": row, "category_id": index + 1, "bbox": box, "score": score}
        for row, box, score, index in zip(rows, boxes, scores, classes, strict=True)
    ]


def _box_annotations(run: ScoredRun) -> Iterator[Coco]:
    target = box_targets(run.store, run.rows, torch.device("cpu")).batch(torch.arange(len(run.rows)))
    for row, boxes, count in zip(run.rows.tolist(), target.boxes, target.counts.tolist(), strict=True):
        for box in finite_boxes(boxes[:count]).tolist():
            yield {"image_id": row, "category_id": 1, "bbox": box, "area": box[2] * box[3]}


def _mask_annotations(run: ScoredRun) -> Iterator[Coco]:
    packed = packed_masks(run.store, run.rows, run.side)
    for row, index, mask in _masks(run.rows, packed, run.side):
        ys, xs = np.nonzero(mask)
        corner, size = (xs.min(), ys.min()), (np.ptp(xs) + 1, np.ptp(ys) + 1)
        yield {
            "image_id": row,
            "category_id": index + 1,
            "segmentation": _rle(mask),
            "area": int(mask.sum()),
            "bbox": [float(value) for value in (*corner, *size)],
        }


def _masks(rows: np.ndarray, packed: np.ndarray, side: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield row, class index and uint8 mask (S, S) of each mask with a pixel."""
    for row, of_image in zip(rows.tolist(), packed, strict=True):
        for index, mask in enumerate(unpack_masks(of_image, side)):
            if mask.any():
                yield row, index, mask


def _rle(mask: np.ndarray) -> Coco:
    coded = rle.encode(np.asfortranarray(mask))
    counts = coded["counts"]
    return {
        "size": [int(n) for n in coded["size"]],
        "counts": counts.decode() if isinstance(counts, bytes) else counts,
    }
