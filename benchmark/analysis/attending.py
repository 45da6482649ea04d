"""Attention between two sides, and whether a position finds its own counterpart (analysis.md section 3)."""

from __future__ import annotations

import torch
from torch import Tensor

from lovt_bench.benchmark.analysis import within

EQUAL = 1e-9
"""Similarities that differ by less are equal: rounding of float64 is below, that of the float32 features above."""


def retrieval_values(x: Tensor, y: Tensor, mask: Tensor, weights: Tensor | None = None) -> dict[str, Tensor]:
    """Return what `Retrieval` holds of each image (B,).

    Args:
        x: Anchors (B, N, D), float64.
        y: Candidates (B, N, D); the one of an anchor has its position.
        mask: Which are there (B, N).
        weights: How much each counts (B, N).
    """
    similarity = within.unit(x) @ within.unit(y).transpose(1, 2)
    own = similarity.diagonal(dim1=1, dim2=2)[..., None]
    candidates = mask[:, None, :]
    above = ((similarity > own + EQUAL) & candidates).sum(2).double()
    # Those that are equal, itself among them, come in any order.
    equal = (((similarity - own).abs() <= EQUAL) & candidates).sum(2).clamp(min=1).double()
    of_positions = {
        "rank": above + (equal + 1) / 2,
        **{f"top_{k}": ((k - above) / equal).clamp(0, 1) for k in (1, 5)},
    }
    found = {name: within.valid_mean(each, mask) for name, each in of_positions.items()}
    if weights is not None:
        found |= {
            f"{name}__weighted": within.weighted_mean(each, mask, weights)
            for name, each in of_positions.items()
        }
    return found


def attention_values(rows: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Return what `AttentionRows` holds of each image (B,), the entropy of the mean row under `of_mean`.

    Args:
        rows: Probabilities (B, N, M) float64; 0 at padded columns.
        mask: Which rows are there (B, N).
    """
    entropy = torch.special.entr(rows).sum(2)
    mean_row = within.centroids(rows, mask)
    mean = within.valid_mean(entropy, mask)
    squares = torch.where(mask, (entropy - mean[:, None]).square(), 0.0).sum(1)
    return {
        "entropy": mean,
        "entropy__std": (squares / (within.counts(mask) - 1)).sqrt(),
        "dist_to_mean": within.valid_mean((rows - mean_row[:, None]).norm(dim=2), mask),
        "of_mean": torch.special.entr(mean_row).sum(1),
    }
