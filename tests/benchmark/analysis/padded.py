"""Images with different numbers of embeddings, as padded batches and without padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

COUNTS = (5, 1, 3, 5, 2, 1, 4)
"""Embeddings of each image: as sentences of reports, of which some have one."""


def bags(width: int = 4, seed: int = 0, counts: Sequence[int] = COUNTS) -> list[np.ndarray]:
    """Return embeddings (N_s, width) of each image, whose last channel is constant."""
    rng = np.random.default_rng(seed)
    found = [rng.normal(0.5, 1, (count, width)) for count in counts]
    for bag in found:
        bag[:, -1] = 0.25
    return found


def padded(images: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Return (B, N, D) float64, padded with values that would spoil any sum, and the mask (B, N)."""
    most = max(map(len, images))
    x = torch.full((len(images), most, images[0].shape[1]), 1e3, dtype=torch.float64)
    mask = torch.zeros(len(images), most, dtype=torch.bool)
    for row, image in enumerate(images):
        x[row, : len(image)] = torch.from_numpy(image)
        mask[row, : len(image)] = True
    return x, mask
