"""What no head can have predicted: the first such thing in a file of predictions, in words."""

from __future__ import annotations

import numpy as np
import torch

from lovt_bench.benchmark.contract.prediction_file import PredictionHeader
from lovt_bench.tasks.detection import Detections


def check_boxes(rows: np.ndarray, found: Detections, header: PredictionHeader) -> str | None:
    """Return what is wrong with detections; None if nothing is.

    Boxes may end outside of the frame, and those of an untrained head run away to infinity. Their centres lie in it.
    """
    boxes = found.boxes.double()
    centre = boxes[:, :2] + boxes[:, 2:] / 2
    known = boxes.isfinite().all(1)
    # What was rounded to float32 when corners were made of centres.
    rounding = 1e-3 + 1e-6 * boxes.abs().sum(1, keepdim=True)
    outside = ((centre < -rounding) | (centre > header.side + rounding)).any(1) | (
        boxes[:, 2:] < -rounding
    ).any(1)
    wrong = {
        "a score that is no number": found.scores.isnan(),
        "a score outside of 0 to 1": (found.scores < 0) | (found.scores > 1),
        f"a class outside of 0 to {len(header.classes) - 1}": (found.classes < 0)
        | (found.classes >= len(header.classes)),
        f"a box whose centre lies outside of the frame of {header.side} pixels": known & outside,
    }
    for problem, places in wrong.items():
        if places.any():
            place = int(places.nonzero()[0])
            image = int(torch.searchsorted(found.counts.cumsum(0), place, right=True))
            return f"has {problem} at row {rows[image]} of the store; bring back the one that was written"
    return None


def check_masks(rows: np.ndarray, counts: np.ndarray, header: PredictionHeader) -> str | None:
    """Return what is wrong with counts of masks; None if nothing is.

    Args:
        rows: (N, C) rows of the store.
        counts: (N · C, 4) true and false positives, false and true negatives.
        header: What the file says of itself.
    """
    if (rows != rows[:, :1]).any():
        return "names one image by several rows; bring back the one that was written"
    wrong = (counts < 0).any(1) | (counts.sum(1) != header.side**2)
    if wrong.any():
        row = rows.reshape(-1)[wrong][0]
        return (
            f"has counts at row {row} of the store that are not those of {header.side} × {header.side} pixels"
        )
    return None
