"""Filters from the data alone: principal components of patches, layer after layer, in numpy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

KERNEL, STRIDE, PAD = 4, 2, 1


def learn(images: np.ndarray, components: list[int], patches: int, seed: int) -> Iterator[np.ndarray]:
    """Yield the filters of one layer after the other.

    A layer takes random patches of the maps below, and keeps their first principal components, each scaled to unit
    variance; its maps are the positive and the negative part of what the filters answer.

    Args:
        images: (N, H, W) float32, normalised.
        components: Principal components of each layer.
        patches: Patches that a layer learns from.
        seed: Seed of the draws.

    Yields:
        (2 x components, channels below, KERNEL, KERNEL) float32.
    """
    generator = np.random.default_rng(seed)
    maps = images[:, None]
    for count in components:
        rows = _patches(maps)
        flat = rows.reshape(-1, rows.shape[-1])
        drawn = flat[generator.choice(len(flat), size=min(patches, len(flat)), replace=False)].astype(
            np.float64
        )
        values, vectors = np.linalg.eigh(np.cov(drawn, rowvar=False))
        first = np.argsort(values)[::-1][:count]
        directions = vectors[:, first] / np.sqrt(values[first] + 1e-3 * values.max())
        directions *= np.sign(directions.sum(axis=0, keepdims=True) + 1e-12)
        filters = np.concatenate([directions, -directions], axis=1).astype(np.float32)
        yield filters.T.reshape(-1, maps.shape[1], KERNEL, KERNEL)
        maps = np.maximum(rows @ filters, 0).transpose(0, 3, 1, 2)


def _patches(maps: np.ndarray) -> np.ndarray:
    """Return what each output pixel sees: (N, C, H, W) -> (N, H / STRIDE, W / STRIDE, C x KERNEL x KERNEL)."""
    padded = np.pad(maps, ((0, 0), (0, 0), (PAD, PAD), (PAD, PAD)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (KERNEL, KERNEL), axis=(2, 3))
    windows = windows[:, :, ::STRIDE, ::STRIDE]
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(*windows.shape[:1], *windows.shape[2:4], -1)
