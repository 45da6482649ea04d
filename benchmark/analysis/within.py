"""What the embeddings of single images say, before anything is averaged over images (analysis.md section 3).

`x` is (B, N, D) float64: N embeddings of each of B images. `mask` is (B, N) bool: which of them are there; of each
image at least one is. Padding may hold anything finite.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def unit(x: Tensor) -> Tensor:
    """Return embeddings (…, D) scaled to length 1; what is shorter than 1e-12, such as a zero vector, stays shorter."""
    return torch.nn.functional.normalize(x, dim=-1)


def counts(mask: Tensor) -> Tensor:
    """Return how many embeddings each image has (B,), float64."""
    return mask.sum(1).double()


def valid_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean (B,) of values (B, N) over the embeddings that are there."""
    return torch.where(mask, values, 0.0).sum(1) / counts(mask)


def weighted_mean(values: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
    """Return the mean (B,) of values (B, N) over the embeddings that are there, each counting its weight (B, N)."""
    shares = torch.where(mask, weights, 0.0)
    return torch.where(mask, shares * values, 0.0).sum(1) / shares.sum(1)


def centroids(x: Tensor, mask: Tensor) -> Tensor:
    """Return the mean embedding of each image (B, D), not scaled again."""
    return torch.where(mask[..., None], x, 0.0).sum(1) / counts(mask)[:, None]


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Return the squared Euclidean distances (B, N, M) between embeddings (B, N, D) and (B, M, D) of each image."""
    # Products lose the digits that all embeddings share, which are nearly all of them where a backbone collapsed.
    middle = x.mean(1, keepdim=True)
    x, y = x - middle, y - middle
    lengths = x.square().sum(-1)[:, :, None] + y.square().sum(-1)[:, None, :]
    return torch.baddbmm(lengths, x, y.transpose(1, 2), alpha=-2).clamp(min=0)


def pair_mask(mask: Tensor, self_pairs: bool) -> Tensor:
    """Return which ordered pairs (B, N, N) of an image's embeddings count."""
    pairs = mask[:, :, None] & mask[:, None, :]
    return pairs if self_pairs else pairs & ~torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)


@dataclass(frozen=True)
class PairMeans:
    """Means over the pairs of each image, float64; NaN where an image has no pair."""

    distance: Tensor
    """(B,)"""
    log_potential: Tensor
    """(B,): log of the mean of exp(−2 ‖xᵢ − xⱼ‖²)."""
    weighted_distance: Tensor | None
    """(B,): each pair counts the product of its weights; None without weights."""


def pair_means(x: Tensor, mask: Tensor, self_pairs: bool, weights: Tensor | None = None) -> PairMeans:
    """Return the mean distance and the uniformity of the embeddings of each image.

    `weights` (B, N) are not negative; what they say of padding is not looked at.
    """
    squares, pairs = squared_distances(x, x), pair_mask(mask, self_pairs)
    squares.diagonal(dim1=1, dim2=2).zero_()
    number = pairs.sum((1, 2)).double()
    potential = torch.where(pairs, (-2 * squares).exp(), 0.0).sum((1, 2)) / number
    distances = torch.where(pairs, squares.sqrt(), 0.0)
    weighted = None
    if weights is not None:
        shares = torch.where(pairs, weights[:, :, None] * weights[:, None, :], 0.0)
        weighted = (shares * distances).sum((1, 2)) / shares.sum((1, 2))
    return PairMeans(distances.sum((1, 2)) / number, potential.log(), weighted)


def deviations(x: Tensor, mask: Tensor) -> Tensor:
    """Return embeddings less their image's centroid (B, N, D); 0 where there is none."""
    return torch.where(mask[..., None], x - centroids(x, mask)[:, None], 0.0)


def variances(deviation: Tensor, mask: Tensor) -> Tensor:
    """Return the unbiased variance of each channel within each image (B, D); 0 for one embedding alone."""
    return deviation.square().sum(1) / (counts(mask) - 1).clamp(min=1)[:, None]


def cov_offdiagonals(deviation: Tensor, mask: Tensor) -> Tensor:
    """Return (1/D) Σ C² over different channels of each image's covariance C (B,); 0 for one embedding alone."""
    # ‖XᵀX‖ = ‖XXᵀ‖: an image has fewer embeddings than channels.
    products = torch.bmm(deviation, deviation.transpose(1, 2)).square().sum((1, 2))
    freedom = (counts(mask) - 1).clamp(min=1)
    own = variances(deviation, mask).square().sum(1)
    return (products / freedom.square() - own).clamp(min=0) / deviation.shape[-1]


def cov_offdiagonal_of_batch(deviation: Tensor, mask: Tensor, centroid: Tensor) -> float:
    """Return (1/D) Σ C² over different channels of C = mean of the images' covariances + covariance of centroids.

    Args:
        deviation: (B, N, D) of `deviations`, B at least 2.
        mask: (B, N).
        centroid: (B, D).
    """
    images, width = centroid.shape
    freedom = (counts(mask) - 1).clamp(min=1)[:, None, None]
    rows = torch.cat(
        [
            (deviation / (freedom * images).sqrt()).flatten(0, 1),
            (centroid - centroid.mean(0)) / (images - 1) ** 0.5,
        ]
    )
    products = rows.T @ rows if len(rows) > width else rows @ rows.T
    own = rows.square().sum(0).square().sum()
    return float((products.square().sum() - own).clamp(min=0) / width)
