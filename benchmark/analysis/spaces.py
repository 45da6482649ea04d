"""The metrics of one space of embeddings, taken in batch by batch (analysis.md section 3).

What is held does not grow with the number of images, but for a few numbers each. Centroids, whose distance to their
mean is known at the end alone, wait in a file.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from lovt_bench.benchmark.analysis import within
from lovt_bench.benchmark.analysis.moments import Moments
from lovt_bench.benchmark.analysis.waiting import WaitingRows
from lovt_bench.benchmark.contract.embedding_report import GlobalSpace, LocalSpace, Spread

_Found = TypeVar("_Found")

PAIRS_AT_A_TIME = 1 << 24
"""Pairs of embeddings, each of a few float64, that are looked at together: 400 MB."""


class GlobalSpaceSums:
    """One vector an image.

    Args:
        width: D.
        device: Where to compute.
        self_pairs: Count pairs of a vector with itself.
        scaled: Whether vectors are scaled to length 1; centroids are not.
    """

    def __init__(
        self, width: int, device: torch.device, self_pairs: bool = False, scaled: bool = True
    ) -> None:
        self._self_pairs, self._scaled = self_pairs, scaled
        self._unit, self.raw = Moments(width, device), Moments(width, device)
        self._of_batches: dict[str, list[float]] = defaultdict(list)

    def add(self, x: Tensor) -> None:
        """Take in the vectors (B, D) float64 of a batch."""
        unit = within.unit(x) if self._scaled else x
        self.raw.add_rows(x)
        self._unit.add_rows(unit)
        pairs = _pairs_of_batch(unit, self._self_pairs)
        _append(self._of_batches, distance=pairs.distance, potential=pairs.log_potential.exp())

    def metrics(self) -> GlobalSpace:
        """Return the metrics of all vectors that were taken in.

        Raises:
            ValueError: Fewer than two.
        """
        potential = _mean_of(self._of_batches["potential"])
        return GlobalSpace(
            dimension=len(self._unit.mean),
            ch_std=float(self._unit.variance().sqrt().mean()),
            uniformity=None if potential is None else math.log(potential),
            dist_emb2emb__batch_estimate=_mean_of(self._of_batches["distance"]),
            cov_offdiagonal=self._unit.cov_offdiagonal(),
            effective_rank=self.raw.effective_rank(),
        )


class LocalSpaceSums:
    """Several vectors an image.

    Args:
        width: D.
        device: Where to compute.
        folder: Where the file of centroids lies; it has no name and ends with this object.
        self_pairs: Count pairs of a vector with itself.
    """

    def __init__(self, width: int, device: torch.device, folder: Path, self_pairs: bool = False) -> None:
        self._self_pairs = self_pairs
        self._centroids, self.raw = Moments(width, device), Moments(width, device)
        self._variance = torch.zeros(width, dtype=torch.float64, device=device)
        self._of_images: dict[str, list[float]] = defaultdict(list)
        self._of_batches: dict[str, list[float]] = defaultdict(list)
        self._waiting = WaitingRows(folder, width)
        self._positions = 0

    def add(self, x: Tensor, mask: Tensor, weights: Tensor | None = None) -> None:
        """Take in the vectors (B, N, D) float64 of a batch; `mask` (B, N) says which are there, `weights` (B, N) how
        much each counts in means that are weighted."""
        self._positions = max(self._positions, x.shape[1])
        self.raw.add_rows(x[mask])
        unit = within.unit(x)
        for part in in_parts(x.shape[1], unit, mask, weights):
            self._add_images(*part)
        centroid, deviation = within.centroids(unit, mask), within.deviations(unit, mask)
        self._variance += within.variances(deviation, mask).sum(0)
        self._centroids.add_rows(centroid)
        self._waiting.add(centroid.cpu().numpy())
        _append(self._of_batches, cent2cent=_pairs_of_batch(centroid, self._self_pairs).distance)
        if len(x) > 1:
            self._of_batches["cov"].append(within.cov_offdiagonal_of_batch(deviation, mask, centroid))

    def _add_images(self, x: Tensor, mask: Tensor, weights: Tensor | None) -> None:
        deviation = within.deviations(x, mask)
        pairs = within.pair_means(x, mask, self._self_pairs, weights)
        if pairs.weighted_distance is not None:
            _append(self._of_images, weighted=pairs.weighted_distance)
        _append(
            self._of_images,
            std=within.variances(deviation, mask).sqrt().mean(1),
            uniformity=pairs.log_potential,
            emb2emb=pairs.distance,
            emb2cent=within.valid_mean(deviation.norm(dim=-1), mask),
            cov=within.cov_offdiagonals(deviation, mask),
        )

    def metrics(self) -> LocalSpace:
        """Return the metrics of all images that were taken in.

        Raises:
            ValueError: Fewer than two.
        """
        between, images = self._centroids.variance(), self._of_images
        return LocalSpace(
            dimension=len(between),
            positions=self._positions,
            ch_std=float((between + self._variance / self._centroids.count).sqrt().mean()),
            ch_std_per_sample=_known(spread(images["std"])),
            ch_std_sample_centroids=float(between.sqrt().mean()),
            per_sample_uniformity=spread(images["uniformity"]),
            dist_emb2cent=_known(_mean_of(images["emb2cent"])),
            dist_emb2emb=_mean_of(images["emb2emb"]),
            dist_emb2emb__weighted=_mean_of(images["weighted"]),
            dist_cent2cent__batch_estimate=_mean_of(self._of_batches["cent2cent"]),
            dist_cent2dataset=self._waiting.mean_distance(self._centroids.mean.cpu().numpy()),
            cov_offdiagonal_per_sample=_known(spread(images["cov"])),
            cov_offdiagonal__batch_estimate=_known(_mean_of(self._of_batches["cov"])),
            cov_offdiagonal_sample_centroids=self._centroids.cov_offdiagonal(),
            effective_rank=self.raw.effective_rank(),
        )


def in_parts(positions: int, *tensors: Any) -> Iterator[Any]:
    """Yield the tensors (B, …) of so many images that all pairs of their positions fit; None stays None."""
    step = images_at_a_time(positions)
    images = len(tensors[0])
    for first in range(0, images, step):
        yield [None if each is None else each[first : first + step] for each in tensors]


def images_at_a_time(positions: int) -> int:
    """Return of how many images all pairs of embeddings are looked at together."""
    return max(1, PAIRS_AT_A_TIME // positions**2)


def spread(values: list[float]) -> Spread | None:
    """Return mean and unbiased standard deviation of the values that are numbers; None where there is none."""
    known = torch.tensor([value for value in values if not math.isnan(value)], dtype=torch.float64)
    if not len(known):
        return None
    return Spread(mean=float(known.mean()), std=float(known.std()) if len(known) > 1 else None)


def _mean_of(values: list[float]) -> float | None:
    found = spread(values)
    return None if found is None else found.mean


def _known(found: _Found | None) -> _Found:
    """Return what every image has."""
    if found is None:
        raise ValueError("a mean needs at least 1 embedding, found none")
    return found


def _append(lists: dict[str, list[float]], **values: Tensor) -> None:
    for name, each in values.items():
        lists[name] += each.tolist()


def _pairs_of_batch(x: Tensor, self_pairs: bool) -> within.PairMeans:
    """Return means over the pairs of the vectors (B, D) of a batch."""
    return within.pair_means(x[None], torch.ones(1, len(x), dtype=torch.bool, device=x.device), self_pairs)
