"""Boxes of a batch: x, y, w, h (corner, size) in pixels of the 224 frame, whatever the image side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

FRAME = 224.0
"""Side of the frame that boxes and anchors are given in (evaluation.md section 5)."""


@dataclass(frozen=True)
class BoxTarget:
    """Ground truth of B images, padded to the same number M of boxes."""

    boxes: Tensor
    """(B, M, 4) float32 x, y, w, h; rows from `counts` on are zero."""
    counts: Tensor
    """(B,) int64, boxes of each image."""
    classes: Tensor | None = None
    """(B, M) int64; None: one class, index 0."""

    @classmethod
    def pack(cls, boxes: Sequence[np.ndarray], classes: Sequence[np.ndarray] | None = None) -> BoxTarget:
        """Return the boxes of B images, each (m, 4), as one padded target on the CPU."""
        counts = [len(rows) for rows in boxes]
        padded = torch.zeros(len(boxes), max(counts, default=0), 4)
        labels = None if classes is None else torch.zeros(padded.shape[:2], dtype=torch.int64)
        for image, rows in enumerate(boxes):
            padded[image, : len(rows)] = torch.as_tensor(np.asarray(rows, dtype=np.float32).reshape(-1, 4))
            if labels is not None and classes is not None:
                labels[image, : len(rows)] = torch.as_tensor(np.asarray(classes[image], dtype=np.int64))
        return cls(padded, torch.tensor(counts, dtype=torch.int64), labels)

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, rows: Tensor | slice) -> BoxTarget:
        """Return the target of some of the images."""
        classes = None if self.classes is None else self.classes[rows]
        return BoxTarget(self.boxes[rows], self.counts[rows], classes)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> BoxTarget:
        """Return the target on another device."""
        classes = None if self.classes is None else self.classes.to(device, non_blocking=non_blocking)
        return BoxTarget(
            self.boxes.to(device, non_blocking=non_blocking),
            self.counts.to(device, non_blocking=non_blocking),
            classes,
        )

    def valid(self) -> Tensor:
        """Return (B, M) bool, False for padding."""
        return torch.arange(self.boxes.shape[1], device=self.counts.device) < self.counts[:, None]
