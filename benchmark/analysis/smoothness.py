"""How alike features are at near and far positions of an image (analysis.md section 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_STEPS = 64
"""Heights at which a density is drawn."""


@dataclass(frozen=True)
class SimilarityAt:
    """Cosine similarities of the pairs of positions at one distance."""

    distance: float
    """Of the positions on the grid over its diagonal, rounded to one decimal."""
    pairs: int
    """Ordered pairs, self-pairs among them at distance 0."""
    quartiles: tuple[float, float, float]
    values: np.ndarray
    """(K,) similarities from least to greatest at which `density` is given."""
    density: np.ndarray
    """(K,) from 0 to 1, the most that there is at this distance."""


def grid_distances(height: int, width: int) -> np.ndarray:
    """Return (h·w, h·w) distances of positions, row by row, over √(h² + w²), rounded to one decimal."""
    y, x = np.divmod(np.arange(height * width), width)
    apart = np.hypot(y[:, None] - y[None], x[:, None] - x[None])
    return np.round(apart / np.hypot(height, width), 1)


def similarities(maps: np.ndarray) -> list[SimilarityAt]:
    """Return the similarities of all ordered pairs of positions of each image, by distance.

    Args:
        maps: (n, D, h, w), finite.
    """
    images, width, height, across = maps.shape
    rows = maps.reshape(images, width, -1).transpose(0, 2, 1).astype(np.float64)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit = rows / np.maximum(lengths, 1e-12)
    cosines = (unit @ unit.transpose(0, 2, 1)).clip(-1, 1)
    distances = grid_distances(height, across)
    return [_at(float(each), cosines[:, distances == each].ravel()) for each in np.unique(distances)]


def _at(distance: float, found: np.ndarray) -> SimilarityAt:
    from scipy.stats import gaussian_kde

    low, middle, high = np.percentile(found, (25, 50, 75)).tolist()
    least, most = float(found.min()), float(found.max())
    if most - least < 1e-6:  # no density: all are one value
        values, density = np.array([least, most]), np.ones(2)
    else:
        values = np.linspace(least, most, _STEPS)
        density = gaussian_kde(found)(values)
    return SimilarityAt(distance, len(found), (low, middle, high), values, density / density.max())
