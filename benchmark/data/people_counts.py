"""Counts of whom the images of a store show, for `lovt-bench data show`: as a whole and by split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitLevel
from lovt_bench.benchmark.data.people import shared_patients
from lovt_bench.benchmark.data.person import SEXES, VIEWS

UNKNOWN, ALL = "unknown", "all"

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class AgeRange:
    """Least, middle and greatest known age, in years."""

    least: int
    median: float
    greatest: int


@dataclass(frozen=True)
class PeopleCounts:
    """Whom some images show.

    Attributes:
        sex: Images by sex and `unknown`.
        ages: None where no age is known.
        ages_unknown: Images without one.
        view: Images by view and `unknown`.
        patients: Different patients.
        patients_unknown: Images whose patient is not known.
    """

    images: int
    sex: dict[str, int]
    ages: AgeRange | None
    ages_unknown: int
    view: dict[str, int]
    patients: int
    patients_unknown: int


@dataclass(frozen=True)
class AreaCounts:
    """How much of an image the target of a class covers.

    Attributes:
        images: Images with any such area.
        quantiles: Share in these images, by quantile; None where there are none.
    """

    images: int
    quantiles: dict[str, float] | None


def people_by_split(index: pd.DataFrame) -> dict[str, PeopleCounts]:
    """Return the counts of each split and, under `all`, of the store."""
    parts: dict[str, PeopleCounts] = {split: _counts(index[index["split"] == split]) for split in SPLIT_NAMES}
    return {**parts, ALL: _counts(index)}


def areas_by_class(index: pd.DataFrame, classes: Sequence[str]) -> dict[str, AreaCounts]:
    """Return how large the targets of each class are, over all splits."""
    shares = np.stack([np.asarray(row, dtype=np.float64) for row in index["lesion_areas"]])
    return {name: _areas(shares[:, place]) for place, name in enumerate(classes)}


def why_level(index: pd.DataFrame, level: SplitLevel) -> str:
    """Return a sentence about the level at which the splits of an index separate."""
    if level == "patient":
        return "no patient is in two splits"
    if shared := shared_patients(index):
        return f"{shared} of {index['patient'].nunique()} patients are in more than one split"
    if unknown := int(index["patient"].isna().sum()):
        return f"the patients of {unknown} of {len(index)} images are not known"
    return "the identifiers are not those of patients, so that these cannot be told apart"


def _counts(index: pd.DataFrame) -> PeopleCounts:
    ages = index["age"].dropna().astype(int)
    return PeopleCounts(
        images=len(index),
        sex=_by_value(index["sex"], SEXES),
        ages=AgeRange(int(ages.min()), float(ages.median()), int(ages.max())) if len(ages) else None,
        ages_unknown=len(index) - len(ages),
        view=_by_value(index["view"], VIEWS),
        patients=int(index["patient"].nunique()),
        patients_unknown=int(index["patient"].isna().sum()),
    )


def _by_value(column: pd.Series, values: Sequence[str]) -> dict[str, int]:
    return {
        **{value: int((column == value).sum()) for value in values},
        UNKNOWN: int(column.isna().sum()),
    }


def _areas(shares: np.ndarray) -> AreaCounts:
    found = shares[shares > 0]
    if not len(found):
        return AreaCounts(0, None)
    values = np.quantile(found, QUANTILES)
    return AreaCounts(
        len(found), {f"{q:g}": float(value) for q, value in zip(QUANTILES, values, strict=True)}
    )
