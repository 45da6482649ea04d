"""Whether the parts of a store say the same: index, boxes, counts and digests of IDs in `dataset.json`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, DatasetManifest
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.official import is_official
from lovt_bench.benchmark.data.people import impossible
from lovt_bench.benchmark.data.seal import summarise


def contradictions(
    manifest: DatasetManifest, index: pd.DataFrame, offsets: np.ndarray | None
) -> Iterator[str]:
    """Yield what does not fit together; nothing if all does.

    Args:
        manifest: `dataset.json`.
        index: `index.parquet`.
        offsets: int64 (N + 1) of `boxes.npz`; None for a dataset without boxes.
    """
    if missing := [name for name in fmt.INDEX_COLUMNS if name not in index.columns]:
        yield f"{fmt.INDEX}: columns {', '.join(missing)} are missing"
        return
    index = index.assign(id=index["id"].astype(str))
    for name in index["id"][index["id"].duplicated()]:
        yield f"{fmt.INDEX}: duplicate ID {name}"
    places = index["split"].map({split: place for place, split in enumerate(SPLIT_NAMES)})
    if places.isna().any() or not places.is_monotonic_increasing:
        yield f"{fmt.INDEX}: rows must be train, then validation, then test"
    if (index["order"] != index.groupby("split").cumcount()).any():
        yield f"{fmt.INDEX}: `order` must count from 0 within each split"
    if ((index["height"] < 1) | (index["width"] < 1)).any():
        yield f"{fmt.INDEX}: raw sizes must be positive"
    yield from impossible(index, len(manifest.classes), manifest.split_level)
    if offsets is not None and len(offsets) != len(index) + 1:
        return  # said by whoever opens the files
    for split, found in summarise(index, None if offsets is None else np.diff(offsets)).items():
        if found != (said := manifest.split_summaries.get(split)):
            yield f"{fmt.MANIFEST}: {split} says {said}, the files hold {found}"
    ids = {split: index["id"][index["split"] == split].tolist() for split in SPLIT_NAMES}
    if manifest.splits == "official" and not is_official(manifest.name, ids):
        yield (
            f"{fmt.MANIFEST}: splits are called official, but IDs differ from the published {manifest.name}"
        )
