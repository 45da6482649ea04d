"""The formulas of analysis.md section 3 written out, one pair and one channel at a time, in float64."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Bag = Sequence[np.ndarray]
"""The embeddings (N_s, D) of each image, without padding."""


def unit(bags: Bag) -> list[np.ndarray]:
    return [np.array([row / max(math.sqrt(sum(row**2)), 1e-12) for row in bag]) for bag in bags]


def pairs(rows: np.ndarray, self_pairs: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    every = itertools.product(range(len(rows)), repeat=2)
    return [(rows[i], rows[j]) for i, j in every if self_pairs or i != j]


def distance(x: np.ndarray, y: np.ndarray) -> float:
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(x, y, strict=True)))


def mean_distance(rows: np.ndarray, self_pairs: bool) -> float:
    return float(np.mean([distance(x, y) for x, y in pairs(rows, self_pairs)]))


def mean_potential(rows: np.ndarray, self_pairs: bool) -> float:
    return float(np.mean([math.exp(-2 * distance(x, y) ** 2) for x, y in pairs(rows, self_pairs)]))


def covariance(rows: np.ndarray) -> np.ndarray:
    width = rows.shape[1]
    return np.zeros((width, width)) if len(rows) < 2 else np.cov(rows, rowvar=False)


def off_diagonal(matrix: np.ndarray) -> float:
    width = len(matrix)
    return sum(matrix[i, j] ** 2 for i in range(width) for j in range(width) if i != j) / width


def batches(rows: Any, size: int) -> list[Any]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def global_metrics(rows: np.ndarray, size: int, self_pairs: bool) -> dict[str, float]:
    rows = np.concatenate(unit([rows]))
    parts = [np.array(part) for part in batches(rows, size) if self_pairs or len(part) > 1]
    return {
        "ch_std": float(np.mean([np.std(rows[:, c], ddof=1) for c in range(rows.shape[1])])),
        "uniformity": math.log(np.mean([mean_potential(part, self_pairs) for part in parts])),
        "dist_emb2emb__batch_estimate": float(np.mean([mean_distance(part, self_pairs) for part in parts])),
        "cov_offdiagonal": off_diagonal(covariance(rows)),
    }


def local_metrics(bags: Bag, size: int, self_pairs: bool) -> dict[str, float]:
    """Means and, under `…__std`, standard deviations over images."""
    bags = unit(bags)
    centres = np.array([bag.mean(axis=0) for bag in bags])
    several = [bag for bag in bags if self_pairs or len(bag) > 1]
    variances = np.array([bag.var(axis=0, ddof=1) if len(bag) > 1 else 0 * bag[0] for bag in bags])
    of_images = {
        "ch_std_per_sample": [np.mean(np.sqrt(variance)) for variance in variances],
        "per_sample_uniformity": [math.log(mean_potential(bag, self_pairs)) for bag in several],
        "cov_offdiagonal_per_sample": [off_diagonal(covariance(bag)) for bag in bags],
    }
    parts = list(zip(batches(bags, size), batches(centres, size), strict=True))
    parts = [(bag, centre) for bag, centre in parts if self_pairs or len(centre) > 1]
    of_batches = [
        off_diagonal(sum(covariance(bag) for bag in part) / len(part) + covariance(np.array(centre)))
        for part, centre in parts
        if len(centre) > 1
    ]
    return {
        **{name: float(np.mean(values)) for name, values in of_images.items()},
        **{f"{name}__std": float(np.std(values, ddof=1)) for name, values in of_images.items()},
        "ch_std": float(np.mean(np.sqrt(centres.var(axis=0, ddof=1) + variances.mean(axis=0)))),
        "ch_std_sample_centroids": float(np.mean(centres.std(axis=0, ddof=1))),
        "dist_emb2cent": float(
            np.mean([np.mean([distance(x, c) for x in bag]) for bag, c in zip(bags, centres, strict=True)])
        ),
        "dist_emb2emb": float(np.mean([mean_distance(bag, self_pairs) for bag in several])),
        "dist_cent2cent__batch_estimate": float(
            np.mean([mean_distance(np.array(centre), self_pairs) for _, centre in parts])
        ),
        "dist_cent2dataset": float(np.mean([distance(c, centres.mean(axis=0)) for c in centres])),
        "cov_offdiagonal__batch_estimate": float(np.mean(of_batches)),
        "cov_offdiagonal_sample_centroids": off_diagonal(covariance(centres)),
    }


def assignment(bag: np.ndarray, other: np.ndarray) -> float:
    own, others = bag.mean(axis=0), other.mean(axis=0)
    shares = []
    for x in bag:
        q_own, q_other = 1 / distance(x, own) ** 2, 1 / distance(x, others) ** 2
        shares.append(q_own / (q_own + q_other))
    return float(np.mean(shares))


def quantile(values: Sequence[float], share: float) -> float:
    """Between the two nearest of the sorted values in proportion."""
    ordered, place = sorted(values), share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def box(values: Sequence[float]) -> dict[str, float]:
    """Box plot with whiskers to the last value within 1.5 lengths of the box, never into the box."""
    q1, median, q3 = (quantile(values, share) for share in (0.25, 0.5, 0.75))
    near = [value for value in values if q1 - 1.5 * (q3 - q1) <= value <= q3 + 1.5 * (q3 - q1)]
    low, high = min([*near, q1]), max([*near, q3])
    return {"low": low, "q1": q1, "median": median, "q3": q3, "high": high}
