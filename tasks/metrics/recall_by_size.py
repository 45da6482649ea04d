"""Recall of images with small, middle and large lesions: how much of what is there is found, whatever its size."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from torch import Tensor

from lovt_bench.tasks.lesion_size import by_size
from lovt_bench.tasks.metric import Metric
from lovt_bench.tasks.metrics.dice import overlap_scores

METRIC = Metric(
    names=("<class>_recall_small", "<class>_recall_middle", "<class>_recall_large"),
    target="masks",
    order=60,
    beside=True,
)


def compute(counts: Tensor, classes: Sequence[str]) -> dict[str, float]:
    """Return the mean recall of the images of each size from counts (N, C, 3) int64 of every image.

    Sizes are thirds of the images with the class, by its area; a third without images is absent.
    """
    recall, area = overlap_scores(counts)["recall"], (counts[..., 0] + counts[..., 2]).numpy()
    result: dict[str, float] = {}
    for index, name in enumerate(classes):
        for size, images in zip(("small", "middle", "large"), by_size(area[:, index]).values(), strict=False):
            if images.any():
                result[f"{name}_recall_{size}"] = fsum(recall[images, index].tolist()) / int(images.sum())
    return result
