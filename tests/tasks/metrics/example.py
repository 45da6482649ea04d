"""The three images of worked examples 4 and 5 (evaluation.md section 13)."""

from __future__ import annotations

import numpy as np
import torch

from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections

TARGET = BoxTarget.pack(
    [np.array([(10, 10, 50, 50), (25, 30, 50, 40)]), np.zeros((0, 4)), np.array([(5, 5, 20, 20)])]
)


def make_detections(*images: list[tuple[float, ...]]) -> Detections:
    """Return detections from rows x, y, w, h, score (and class) of each image."""
    rows = torch.tensor([(*row, 0.0)[:6] for image in images for row in image]).reshape(-1, 6)
    counts = torch.tensor([len(image) for image in images], dtype=torch.int64)
    return Detections(rows[:, :4], rows[:, 4], rows[:, 5].long(), torch.ones(len(rows)), counts)


DETECTIONS = make_detections(
    [(12, 14, 50, 50, 0.9), (100, 100, 20, 20, 0.6), (20, 20, 50, 50, 0.5)], [(0, 0, 30, 30, 0.7)], []
)
