"""Which own images have an object, seen once they are prepared: until then nobody opened the mask files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, DatasetManifest, SplitName
from lovt_bench.benchmark.contract.task import Target


def object_remarks(index: pd.DataFrame, boxes: Sequence[np.ndarray], classes: Sequence[str]) -> list[str]:
    """Return sentences about images and classes without an object.

    Args:
        index: Of the store, (n) rows.
        boxes: Those of each row.
        classes: In the order of the masks.
    """
    has_pixels = _has_pixels(index)
    negatives = sum(not len(one) and not any(row) for one, row in zip(boxes, has_pixels, strict=True))
    remarks = [f"images without an object, kept as negatives: {negatives}."]
    if empty := [name for name, found in zip(classes, has_pixels.any(axis=0), strict=True) if not found]:
        remarks.append(
            f"classes without a pixel in any mask, each 0 in a mean over classes: {len(empty)} ({', '.join(empty)})."
        )
    return remarks


def empty_splits(manifest: DatasetManifest, index: pd.DataFrame, target: Target) -> list[SplitName]:
    """Return the splits without any object of a target."""
    if target == "boxes":
        return [split for split in SPLIT_NAMES if not manifest.split_summaries[split].boxes]
    has_pixels = _has_pixels(index).any(axis=1)
    return [split for split in SPLIT_NAMES if not has_pixels[index["split"] == split].any()]


def _has_pixels(index: pd.DataFrame) -> np.ndarray:
    """Return whether a mask has a pixel: bool (n, classes)."""
    return np.stack([np.asarray(row) for row in index["lesion_areas"]]) > 0
