"""Two spaces of the same images against each other: linear CKA, and distances where they have equal dimensions."""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Tensor

from lovt_bench.benchmark.analysis import within
from lovt_bench.benchmark.analysis.moments import Moments, Products, linear_cka
from lovt_bench.benchmark.analysis.spaces import images_at_a_time, spread
from lovt_bench.benchmark.contract.embedding_report import GlobalPair, LocalDistributions, LocalPair


def row_distances(x: Tensor, y: Tensor) -> Tensor:
    """Return the Euclidean distances (…) of embeddings (…, D) that belong together."""
    return (x - y).norm(dim=-1)


def nearest(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
    """Return the mean distance (B,) of the embeddings (B, N, D) of an image to their nearest of (B, M, D)."""
    squares = torch.where(y_mask[:, None, :], within.squared_distances(x, y), torch.inf)
    return within.valid_mean(squares.amin(2).sqrt(), x_mask)


def mean_cross_distance(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
    """Return the mean distance (B,) from each embedding of an image in (B, N, D) to each in (B, M, D)."""
    pairs = x_mask[:, :, None] & y_mask[:, None, :]
    found = torch.where(pairs, within.squared_distances(x, y).sqrt(), 0.0)
    return found.sum((1, 2)) / pairs.sum((1, 2))


def assignment(x: Tensor, mask: Tensor, own: Tensor, other: Tensor) -> Tensor:
    """Return how clearly the embeddings (B, N, D) of an image belong to their own set: 1 clearly, 0.5 not at all.

    Args:
        own: Centroid of their set (B, D).
        other: Centroid of the other set (B, D).
    """
    to_own, to_other = ((x - centre[:, None]).square().sum(-1) for centre in (own, other))
    # q(own) / (q(own) + q(other)) with q = 1 / distance², free of the division by 0 on a centroid.
    total = to_own + to_other
    return within.valid_mean(torch.where(total > 0, to_other / total, 0.5), mask)


class GlobalPairSums:
    """The vectors of two spaces, one an image and space.

    Args:
        widths: Dimensions of the two.
        device: Where to compute.
    """

    def __init__(self, widths: tuple[int, int], device: torch.device) -> None:
        self._cross, self._distances = Products(*widths, device), list[float]()
        self._comparable = widths[0] == widths[1]

    def add(self, x: Tensor, y: Tensor) -> None:
        """Take in the vectors (B, D) and (B, E) float64 of a batch, not scaled."""
        self._cross.add(x, y)
        if self._comparable:
            self._distances += row_distances(within.unit(x), within.unit(y)).tolist()

    def cka(self, first: Moments, second: Moments) -> float | None:
        """Return linear CKA, given the moments of both spaces."""
        return linear_cka(self._cross, first, second)

    def metrics(self) -> GlobalPair | None:
        """Return distances; None where dimensions differ."""
        found = spread(self._distances)
        if found is None or found.std is None:
            return None
        squares = torch.tensor(self._distances, dtype=torch.float64).square()
        return GlobalPair(dist=found.mean, dist__std=found.std, rmse=float(squares.mean().sqrt()))


class LocalPairSums:
    """The vectors of two spaces, at equal positions of an image.

    Args:
        widths: Dimensions of the two.
        device: Where to compute.
    """

    def __init__(self, widths: tuple[int, int], device: torch.device) -> None:
        self._cross, self._comparable = Products(*widths, device), widths[0] == widths[1]
        self._of_images: dict[str, list[float]] = defaultdict(list)

    def add(self, x: Tensor, y: Tensor, mask: Tensor) -> None:
        """Take in the vectors (B, N, D) and (B, N, E) float64 of a batch, not scaled; mask (B, N) bool."""
        self._cross.add(x[mask], y[mask])
        if not self._comparable:
            return
        parts = (each.split(images_at_a_time(x.shape[1])) for each in (within.unit(x), within.unit(y), mask))
        for one, other, its_mask in zip(*parts, strict=True):
            values = {**pair_values(one, other, its_mask), **set_values(one, its_mask, other, its_mask)}
            for name, each in values.items():
                self._of_images[name] += each.tolist()

    def cka(self, first: Moments, second: Moments) -> float | None:
        """Return linear CKA, given the moments of both spaces."""
        return linear_cka(self._cross, first, second)

    def metrics(self) -> tuple[LocalPair, LocalDistributions] | None:
        """Return distances; None where dimensions differ."""
        if not self._of_images:
            return None
        means = {name: found.mean if (found := spread(of)) else None for name, of in self._of_images.items()}
        pair = {name: mean for name, mean in means.items() if name in LocalPair.model_fields}
        sets = {name: mean for name, mean in means.items() if name in LocalDistributions.model_fields}
        return LocalPair.model_validate(pair), LocalDistributions.model_validate(sets)


def pair_values(x: Tensor, y: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Return what `LocalPair` holds of each image (B,); NaN where it is not defined."""
    distance, number = row_distances(x, y), within.counts(mask)
    mean = within.valid_mean(distance, mask)
    squares = torch.where(mask, (distance - mean[:, None]).square(), 0.0).sum(1)
    return {
        "sample_rmse": within.valid_mean(distance.square(), mask).sqrt(),
        "sample_min": torch.where(mask, distance, torch.inf).amin(1),
        "sample_max": torch.where(mask, distance, -torch.inf).amax(1),
        "sample_std": (squares / (number - 1)).sqrt(),
    }


def set_values(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> dict[str, Tensor]:
    """Return what `LocalDistributions` holds of each image (B,)."""
    x_centre, y_centre = within.centroids(x, x_mask), within.centroids(y, y_mask)
    return {
        "emb2emb": mean_cross_distance(x, x_mask, y, y_mask),
        "nn_emb2emb_1to2": nearest(x, x_mask, y, y_mask),
        "nn_emb2emb_2to1": nearest(y, y_mask, x, x_mask),
        "assignment_1to1": assignment(x, x_mask, x_centre, y_centre),
        "assignment_2to2": assignment(y, y_mask, y_centre, x_centre),
    }
