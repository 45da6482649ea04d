"""Contrastive loss between positions and what the other modality says of them (pretraining.md section 1.5, local)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class LocalAlignment(NamedTuple):
    """Loss of one side, both directions."""

    to_attended: Tensor
    """() float32, l→att: each position against all attended ones of its sample."""
    from_attended: Tensor
    """() float32, att→l: the reverse."""


def local_alignment(
    positions: Tensor,
    attended: Tensor,
    positives: Tensor,
    *,
    weights: Tensor | None = None,
    mask: Tensor | None = None,
    temperature: float = 0.3,
) -> LocalAlignment:
    """Return the loss: mean over samples of the weighted sum over positions.

    Args:
        positions: (B, N, d) local embeddings of one side, not yet of unit length.
        attended: (B, N, d) the same positions as attended from the other side.
        positives: (N, N), rows sum 1: how much position j counts as a positive of anchor i. They are in the
            denominator too.
        weights: (B, N) non-negative weights of the anchors, renormalised over valid positions here; no
            gradient flows through them. None: uniform.
        mask: (B, N) bool, True where valid; each sample has one. Other positions are neither anchors nor
            candidates. None: all are valid.

    Raises:
        ValueError: Shapes do not fit.
    """
    count = positions.shape[1]
    if positions.shape != attended.shape or positives.shape != (count, count):
        raise ValueError(
            f"expected positions and attended of one shape (B, N, d) and positives (N, N), found "
            f"{tuple(positions.shape)}, {tuple(attended.shape)} and {tuple(positives.shape)}"
        )
    with torch.autocast(positions.device.type, enabled=False):
        z, attended_z = (functional.normalize(_real(side), dim=2) for side in (positions, attended))
        similarity = z @ attended_z.transpose(1, 2) / temperature
        anchor = _anchor_weights(similarity, weights, mask)
        positives = positives.to(similarity)
        return LocalAlignment(
            *(
                (anchor * _position_losses(matrix, positives, mask)).sum(dim=1).mean()
                for matrix in (similarity, similarity.transpose(1, 2))
            )
        )


def _position_losses(similarity: Tensor, positives: Tensor, mask: Tensor | None) -> Tensor:
    """Return (B, N): -Σ_j p_ij s_ij + log Σ_j exp s_ij of each anchor i."""
    if mask is None:
        return torch.logsumexp(similarity, dim=2) - (positives * similarity).sum(dim=2)
    candidate = mask[:, None, :]
    positive = (positives * similarity.masked_fill(~candidate, 0)).sum(dim=2)
    return torch.logsumexp(similarity.masked_fill(~candidate, -math.inf), dim=2) - positive


def _anchor_weights(similarity: Tensor, weights: Tensor | None, mask: Tensor | None) -> Tensor:
    if weights is None:
        weights = similarity.new_ones(similarity.shape[:2])
    weights = weights.detach().to(similarity)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return weights / weights.sum(dim=1, keepdim=True)


def region_positives(
    height: int, width: int, threshold: float = 0.5, smoothing: float | None = 1.0
) -> Tensor:
    """Return (H·W, H·W) float32, rows sum 1: exp(-smoothing · d) up to the distance `threshold`, else 0.

    d is the distance of two regions' centres as a share of the grid's diagonal; regions row by row.
    `smoothing` None: all regions within the threshold count alike. Distances are float32 products of
    coordinates, as published: the diagonal is off 0 by up to 3e-4, and on a grid where a distance equals the
    threshold (not 7 x 7) its last bit decides.
    """
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    centres = torch.stack([rows, columns], dim=-1).flatten(0, 1).float() / math.hypot(height, width)
    distance = torch.cdist(centres, centres)
    weights = torch.exp(-(smoothing or 0.0) * distance) * (distance <= threshold)
    return weights / weights.sum(dim=1, keepdim=True)


def sentence_positives(count: int) -> Tensor:
    """Return (N, N) float32: a sentence is its only positive."""
    return torch.eye(count)


def _real(tensor: Tensor) -> Tensor:
    return tensor if tensor.dtype == torch.float64 else tensor.float()
