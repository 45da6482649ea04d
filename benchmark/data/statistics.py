"""Pixel statistics of a split from those of its images: every image weighs the same, whatever its size."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.contract.dataset import PixelStatistics


def split_statistics(means: np.ndarray, variances: np.ndarray) -> PixelStatistics:
    """Return mean of image means and sqrt(mean of variances + population variance of means) (datasets.md section 1).

    Args:
        means: float (n,), mean of each image in [0, 1].
        variances: float (n,), population variance of each image.

    Raises:
        ValueError: There is no image, or all are the same flat grey.
    """
    means, variances = np.asarray(means, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if not len(means):
        raise ValueError("pixel statistics need at least one training image, found none")
    std = float(np.sqrt(variances.mean() + means.var()))
    if std == 0:
        raise ValueError("all training images are one flat grey: their standard deviation is 0")
    return PixelStatistics(mean=float(means.mean()), std=std)
