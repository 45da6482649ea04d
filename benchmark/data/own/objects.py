"""Which own images have an object, seen once they are prepared: until then nobody opened the mask files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, DatasetManifest, SplitName
from lovt_bench.benchmark.contract.task import Target
from lovt_bench.benchmark.data.errors import DataError


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
    if empty := [name for place, name in enumerate(classes) if not has_pixels[:, place].any()]:
        remarks.append(
            f"classes without a pixel in any mask, each 0 in a mean over classes: {len(empty)} ({', '.join(empty)})."
        )
    return remarks


def split_notes(manifest: DatasetManifest, index: pd.DataFrame, targets: Sequence[Target]) -> list[str]:
    """Return sentences about splits without any object of a target.

    Raises:
        DataError: No split has one.
    """
    notes = []
    for target in targets:
        empty = [split for split in SPLIT_NAMES if not _has_any(manifest, index, target, split)]
        if len(empty) == len(SPLIT_NAMES):
            raise DataError(
                f"{manifest.name} has no {target} on any image, so there is no task; draw some, or give --targets"
            )
        if empty:
            notes.append(
                f"Note: no {target} in {' and '.join(empty)}: nothing to learn or measure there; give other splits."
            )
    return notes


def _has_any(manifest: DatasetManifest, index: pd.DataFrame, target: Target, split: SplitName) -> bool:
    if target == "boxes":
        return bool(manifest.split_summaries[split].boxes)
    return bool(_has_pixels(index[index["split"] == split]).any())


def _has_pixels(index: pd.DataFrame) -> np.ndarray:
    """Return whether a mask has a pixel: bool (n, classes)."""
    areas: np.ndarray = np.stack([np.asarray(row) for row in index["lesion_areas"]])
    return np.asarray(areas > 0)
