"""What a head predicts for the images of a split: all that scores follow from, and what is kept of a final run."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from lovt_bench.tasks.detection import Detections


@dataclass(frozen=True)
class MaskPredictions:
    """Masks of N images and C classes on the CPU."""

    counts: Tensor
    """(N, C, 3) int64: true positives, false positives and false negatives of each mask, in pixels."""
    masks: Tensor | None
    """(N, C, bytes) uint8: eight pixels a byte, rows of the mask one after the other, first pixel highest."""
    side: int
    """Pixels of a mask's side."""


Predictions = Detections | MaskPredictions
