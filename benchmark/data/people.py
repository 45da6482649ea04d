"""Whom the images of a store show: at which level its splits separate, and whether its index can be so."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lovt_bench.benchmark.contract.dataset import SplitLevel
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.person import OLDEST, SEXES, VIEWS


def has_people(index: pd.DataFrame) -> bool:
    """Say whether a store was made when its index began to keep whom an image shows."""
    return all(name in index for name in fmt.PERSON_COLUMNS)


def split_level(index: pd.DataFrame, patients_known: bool) -> SplitLevel:
    """Return at which level the splits of an index separate: only what is seen to be apart is.

    Args:
        index: With `split` and `patient`.
        patients_known: Whether equal patients have equal identifiers.
    """
    apart = index["patient"].notna().all() and shared_patients(index) == 0
    return "patient" if patients_known and apart else "image"


def shared_patients(index: pd.DataFrame) -> int:
    """Return how many patients have images in more than one split."""
    return int((index.groupby("patient")["split"].nunique() > 1).sum())


def impossible(index: pd.DataFrame, classes: int, level: SplitLevel | None) -> Iterator[str]:
    """Yield what an index says of people that cannot be so; nothing for one without these columns."""
    if not has_people(index):
        if present := [name for name in fmt.PERSON_COLUMNS if name in index]:
            yield f"{fmt.INDEX}: of {', '.join(fmt.PERSON_COLUMNS)} only {', '.join(present)} are there"
        return
    try:
        yield from _wrong(index, classes, level)
    except (TypeError, ValueError):
        yield f"{fmt.INDEX}: {', '.join(fmt.PERSON_COLUMNS)} hold values of other types than they should"


def _wrong(index: pd.DataFrame, classes: int, level: SplitLevel | None) -> Iterator[str]:
    for name, allowed in (("sex", SEXES), ("view", VIEWS)):
        if not index[name].dropna().isin(allowed).all():
            yield f"{fmt.INDEX}: {name} must be one of {', '.join(allowed)} or nothing"
    if not index["age"].dropna().between(0, OLDEST).all():
        yield f"{fmt.INDEX}: age must lie in 0…{OLDEST} or be nothing"
    if not index["patient"].dropna().astype(str).str.fullmatch("[0-9a-f]{16}").all():
        yield f"{fmt.INDEX}: patient must be a hash of 16 hexadecimal digits or nothing"
    areas = [np.asarray(row, dtype=np.float64) for row in index["lesion_areas"]]
    if any(row.shape != (classes,) or not ((row >= 0) & (row <= 1)).all() for row in areas):
        yield f"{fmt.INDEX}: lesion_areas must be {classes} shares of the image in each row"
    if level == "patient" and split_level(index, patients_known=True) != level:
        yield f"{fmt.MANIFEST}: the splits are said to separate patients, but some are in two, or are not known"
