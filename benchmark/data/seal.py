"""Complete the folder of a store: boxes, index and, last, `dataset.json` with a digest of every file."""

from __future__ import annotations

import importlib.metadata
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, DatasetManifest, SplitName, SplitSummary
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.disk.digest import DigestedFile


def summarise(index: pd.DataFrame, box_counts: np.ndarray | None) -> dict[SplitName, SplitSummary]:
    """Return counts and ID digest of each split; `box_counts` is int (N,) or None without boxes."""
    summaries: dict[SplitName, SplitSummary] = {}
    for split in SPLIT_NAMES:
        chosen = index["split"].to_numpy() == split
        counts = None if box_counts is None else box_counts[chosen]
        summaries[split] = SplitSummary(
            images=int(chosen.sum()),
            images_with_boxes=None if counts is None else int((counts > 0).sum()),
            boxes=None if counts is None else int(counts.sum()),
            ids_sha256=fmt.ids_sha256(index["id"][chosen].tolist()),
        )
    return summaries


def seal(
    folder: Path,
    *,
    arrays: Mapping[str, str],
    index: pd.DataFrame,
    boxes: Sequence[np.ndarray] | None,
    box_classes: Sequence[np.ndarray] | None,
    **manifest: Any,
) -> DatasetManifest:
    """Complete a folder that already holds `images.npy` (and `masks.npy`): boxes, index, `dataset.json`.

    Args:
        folder: Where they are.
        arrays: SHA-256 of these files as they were meant to be written.
        index: Columns id, split, source, source_sha256, height, width, in stored order; also `fmt.PERSON_COLUMNS` if
            they are known.
        boxes: Boxes of each image; None for a dataset without.
        box_classes: Likewise; all of the first class by default.
        manifest: The fields of `DatasetManifest` that do not follow from the files.
    """
    index = index.reset_index(drop=True)
    index["order"] = index.groupby("split", sort=False).cumcount()
    table = io.BytesIO()
    columns = [*fmt.INDEX_COLUMNS, *(name for name in fmt.PERSON_COLUMNS if name in index)]
    index[columns].to_parquet(table, index=False)
    contents = {fmt.INDEX: table.getvalue()}
    counts = None
    if boxes is not None:
        counts = np.array([len(one) for one in boxes], dtype=np.int64)
        classes = box_classes or [np.zeros(n, np.int64) for n in counts]
        contents[fmt.BOXES] = fmt.boxes_content(boxes, classes)
    files = dict(arrays) | {name: _write(folder / name, content) for name, content in contents.items()}
    packages = ("numpy", "pillow", "pydicom", "scikit-image", "python-gdcm", "pyarrow")
    sealed = DatasetManifest(
        has_masks=fmt.MASKS in files,
        has_boxes=boxes is not None,
        split_summaries=summarise(index, counts),
        files={name: files[name] for name in (fmt.IMAGES, fmt.MASKS, fmt.BOXES, fmt.INDEX) if name in files},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={name: importlib.metadata.version(name) for name in packages},
        **manifest,
    ).sealed()
    _write(folder / fmt.MANIFEST, sealed.to_json().encode())
    return sealed


def _write(path: Path, content: bytes) -> str:
    with DigestedFile(path) as file:
        file.write(content)
    return file.sha256
