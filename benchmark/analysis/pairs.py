"""Two spaces of the same images against each other: linear CKA, and distances where they have equal dimensions."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, TypeVar

import torch
from torch import Tensor

from lovt_bench.benchmark.analysis import within
from lovt_bench.benchmark.analysis.moments import Moments, Products, linear_cka
from lovt_bench.benchmark.analysis.spaces import in_parts, spread
from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.embedding_report import GlobalPair, LocalDistributions, LocalPair

_Means = TypeVar("_Means", bound=Model)


class ImageMeans:
    """Values of images, gathered batch by batch, and their means over the images that have them."""

    def __init__(self) -> None:
        self._of_images: dict[str, list[float]] = defaultdict(list)

    def add(self, values: dict[str, Tensor]) -> None:
        """Take in values (B,) by name; NaN: an image has none."""
        for name, each in values.items():
            self._of_images[name] += each.tolist()

    def model(self, kind: type[_Means], **more: Any) -> _Means | None:
        """Return a model of those means that it has fields for; None where nothing was taken in."""
        if not self._of_images:
            return None
        means = {name: found.mean if (found := spread(of)) else None for name, of in self._of_images.items()}
        fields = {name: mean for name, mean in means.items() if name in kind.model_fields}
        return kind.model_validate({**fields, **more})


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
        scaled: Whether vectors are scaled to length 1; centroids are not.
    """

    def __init__(self, widths: tuple[int, int], device: torch.device, scaled: bool = True) -> None:
        self._cross, self._distances = Products(*widths, device), list[float]()
        self._scale = within.unit if scaled else torch.nn.Identity()
        self._comparable = widths[0] == widths[1]

    def add(self, x: Tensor, y: Tensor) -> None:
        """Take in the vectors (B, D) and (B, E) float64 of a batch, not scaled."""
        self._cross.add(x, y)
        if self._comparable:
            self._distances += row_distances(self._scale(x), self._scale(y)).tolist()

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
        self._means = ImageMeans()

    def add(self, x: Tensor, y: Tensor, mask: Tensor) -> None:
        """Take in the vectors (B, N, D) and (B, N, E) float64 of a batch, not scaled; mask (B, N) bool."""
        self._cross.add(x[mask], y[mask])
        if not self._comparable:
            return
        for one, other, its_mask in in_parts(x.shape[1], within.unit(x), within.unit(y), mask):
            self._means.add(pair_values(one, other, its_mask) | set_values(one, its_mask, other, its_mask))

    def cka(self, first: Moments, second: Moments) -> float | None:
        """Return linear CKA, given the moments of both spaces."""
        return linear_cka(self._cross, first, second)

    def metrics(self) -> tuple[LocalPair, LocalDistributions] | None:
        """Return distances; None where dimensions differ."""
        pair, sets = self._means.model(LocalPair), self._means.model(LocalDistributions)
        return None if pair is None or sets is None else (pair, sets)


def pair_values(x: Tensor, y: Tensor, mask: Tensor, weights: Tensor | None = None) -> dict[str, Tensor]:
    """Return what `LocalPair` holds of each image (B,); NaN where it is not defined."""
    distance, number = row_distances(x, y), within.counts(mask)
    mean = within.valid_mean(distance, mask)
    squares = torch.where(mask, (distance - mean[:, None]).square(), 0.0).sum(1)
    weighted = {}
    if weights is not None:
        weighted["sample_rmse__weighted"] = within.weighted_mean(distance.square(), mask, weights).sqrt()
    return weighted | {
        "sample_rmse": within.valid_mean(distance.square(), mask).sqrt(),
        "sample_min": torch.where(mask, distance, torch.inf).amin(1),
        "sample_max": torch.where(mask, distance, -torch.inf).amax(1),
        "sample_std": (squares / (number - 1)).sqrt(),
    }


def set_values(
    x: Tensor,
    x_mask: Tensor,
    y: Tensor,
    y_mask: Tensor,
    weights: tuple[Tensor, Tensor] | None = None,
    padded: bool = False,
) -> dict[str, Tensor]:
    """Return what `LocalDistributions` holds of each image (B,).

    Args:
        x: (B, N, D), the first set.
        x_mask: (B, N).
        y: (B, M, D), the second.
        y_mask: (B, M).
        weights: Of the embeddings of each set, (B, N) and (B, M).
        padded: Take a padded embedding of the second set for a neighbour at distance 0, as the reference does.
    """
    x_centre, y_centre = within.centroids(x, x_mask), within.centroids(y, y_mask)
    weighted = {}
    if weights is not None:
        ones, others = (torch.where(mask, w, 0.0) for mask, w in zip((x_mask, y_mask), weights, strict=True))
        shares = ones[:, :, None] * others[:, None, :]
        of_pairs = (shares * within.squared_distances(x, y).sqrt()).sum((1, 2))
        weighted["emb2emb__weighted"] = of_pairs / shares.sum((1, 2))
    to_second = nearest(x, x_mask, y, y_mask)
    if padded:
        to_second = torch.where(y_mask.all(1), to_second, 0.0)
    return weighted | {
        "emb2emb": mean_cross_distance(x, x_mask, y, y_mask),
        "nn_emb2emb_1to2": to_second,
        "nn_emb2emb_2to1": nearest(y, y_mask, x, x_mask),
        "assignment_1to1": assignment(x, x_mask, x_centre, y_centre),
        "assignment_2to2": assignment(y, y_mask, y_centre, x_centre),
    }
