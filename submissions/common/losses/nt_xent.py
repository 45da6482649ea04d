"""NT-Xent, the contrastive loss of SimCLR (pretraining.md section 6)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def nt_xent(first: Tensor, second: Tensor, temperature: float = 0.1) -> Tensor:
    """Return the mean over 2B views of the cross-entropy of finding the other view of the same image.

    Candidates of a view are the 2B - 1 other views of the batch, by cosine similarity over `temperature`.

    Args:
        first: (B, d) floating, projections of the first views. Used as float32 or better.
        second: (B, d), of the second views in the same order.
        temperature: Above 0.

    Raises:
        ValueError: Shapes differ, or fewer than 2 images.
    """
    if first.ndim != 2 or first.shape != second.shape or len(first) < 2:
        raise ValueError(
            f"expected two views (B, d) with B >= 2, found {tuple(first.shape)} and {tuple(second.shape)}"
        )
    count = len(first)
    with torch.autocast(first.device.type, enabled=False):
        views = torch.cat([first, second])
        views = functional.normalize(views if views.dtype == torch.float64 else views.float(), dim=1)
        similarity = views @ views.T / temperature
        similarity = similarity.masked_fill(
            torch.eye(2 * count, dtype=torch.bool, device=views.device), -torch.inf
        )
        partner = torch.arange(2 * count, device=views.device).roll(count)
        return functional.cross_entropy(similarity, partner)
