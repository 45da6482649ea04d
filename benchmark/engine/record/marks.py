"""What stands on single test images of a run: the truth in the store, and what the run predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lovt_bench.benchmark.data.format import unpack_masks
from lovt_bench.benchmark.engine.inputs.targets import box_targets
from lovt_bench.benchmark.engine.record.prediction_reading import PredictionError, StoredPredictions
from lovt_bench.benchmark.engine.record.rescore import ScoredRun, check_fits
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.metrics.mean_average_precision import finite_boxes
from lovt_bench.tasks.predictions import MaskPredictions

MOST_BOXES = 5
"""Detections of an image that are shown, the surest first; as many as it has boxes, where these are more."""


@dataclass(frozen=True)
class Marked:
    """One test image; boxes are x, y, width, height in the frame of 224 pixels, masks of all classes together."""

    row: int
    """Of the store."""
    image: np.ndarray
    """(S, S) uint8."""
    truth_mask: np.ndarray | None
    """(S, S) bool; None where the task is one of boxes."""
    found_mask: np.ndarray | None
    """(S', S') bool."""
    truth_boxes: list[list[float]]
    found_boxes: list[list[float]]


def marked(run: ScoredRun, stored: StoredPredictions, places: Sequence[int]) -> list[Marked]:
    """Return test images of a run.

    Args:
        run: The run.
        stored: Its predictions.
        places: Images, counted in the order of the test split.

    Raises:
        PredictionError: The predictions do not belong to the run, or its masks were not kept.
    """
    check_fits(run, stored)
    found = stored.predictions
    if isinstance(found, MaskPredictions) and found.masks is None:
        raise PredictionError("holds counts alone: the run was made with --no-masks")
    if isinstance(found, MaskPredictions):
        return [_masks(run, found, place) for place in places]
    return [_boxes(run, found, place) for place in places]


def _masks(run: ScoredRun, found: MaskPredictions, place: int) -> Marked:
    assert found.masks is not None
    row = int(run.rows[place])
    return Marked(
        row=row,
        image=np.asarray(run.store.images[row]),
        truth_mask=_any(run.store.masks([row])[0]),
        found_mask=_any(unpack_masks(found.masks[place].numpy(), found.side)),
        truth_boxes=[],
        found_boxes=[],
    )


def _any(masks: np.ndarray) -> np.ndarray:
    """Return (S, S) what any class of (C, S, S) covers."""
    return np.asarray(masks.any(axis=0))


def _boxes(run: ScoredRun, found: Detections, place: int) -> Marked:
    row = int(run.rows[place])
    truth = box_targets(run.store, run.rows[place : place + 1], torch.device("cpu")).batch(torch.arange(1))
    count = int(truth.counts[0])
    first = int(found.counts[:place].sum())
    here = slice(first, first + int(found.counts[place]))
    surest = found.scores[here].argsort(descending=True, stable=True)[: max(MOST_BOXES, count)]
    return Marked(
        row=row,
        image=np.asarray(run.store.images[row]),
        truth_mask=None,
        found_mask=None,
        truth_boxes=finite_boxes(truth.boxes[0, :count]).tolist(),
        found_boxes=finite_boxes(found.boxes[here][surest]).tolist(),
    )
