"""Which images of a test set have which property: sex, age band, view and size of the lesions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lovt_bench.benchmark.data.person import SEXES, VIEWS
from lovt_bench.tasks.lesion_size import by_size

AGES = (0, 40, 60)
"""Least age of each band, in years."""

Levels = dict[str, dict[str, np.ndarray]]


def levels_of(index: pd.DataFrame) -> Levels:
    """Return by property and level the images (N,) that have it; properties of which nothing is known are absent.

    Args:
        index: Lines of the store's index; its columns of people may be absent or have gaps.
    """
    found: Levels = {}
    for name, values in (("sex", SEXES), ("view", VIEWS)):
        if name in index:
            column = index[name].astype("string")
            found[name] = {value: (column == value).fillna(False).to_numpy(bool) for value in values}
    if "age" in index:
        age = index["age"].astype("Float64").to_numpy(np.float64, na_value=np.nan)
        found["age"] = {
            f"{low}+" if high is None else f"{low} to {high - 1}": (age >= low)
            & (age < (np.inf if high is None else high))
            for low, high in zip(AGES, (*AGES[1:], None), strict=True)
        }
    if "lesion_areas" in index:
        # By the share of the image that all lesions cover.
        found["lesion size"] = by_size(np.array([np.sum(row) for row in index["lesion_areas"]]))
    present = {
        name: {level: mask for level, mask in parts.items() if mask.any()} for name, parts in found.items()
    }
    return {name: parts for name, parts in present.items() if parts}
