"""One number per row: how much of the way from random initialisation to the best reference it goes.

Metrics differ in scale from task to task (mAP of 0.02, Dice of 0.5), so a plain mean would be that of the easy tasks.
On each task the score is scaled linearly: the floor row is 0, the best reference row is 1; above 1 is better than
every reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lovt_bench.benchmark.contract.analysis import Balance
from lovt_bench.leaderboard.statistics.grid import Grid

FLOOR = "random"
"""Name of the row at 0."""

REFERENCES = ("imagenet", "chexpert", "byol", "simclr", "pixelpro", "pixpro", "convirt", "clip", "lovt")
"""Methods of the published study; a row is one of them by name, or by name and percent of the corpus."""

_REFERENCE = re.compile(rf"({'|'.join(REFERENCES)})(-\d+)?")


@dataclass(frozen=True)
class Aggregate:
    """What `aggregate` returns."""

    values: NDArray[np.float64]
    """(R,): the normalised score of each row."""
    floor: str
    """Row at 0."""
    reference: str
    """What is at 1, in words."""


def is_reference(row: str) -> bool:
    """Return whether a row is a method of the published study (or its random initialisation)."""
    return row == FLOOR or _REFERENCE.fullmatch(row) is not None


def aggregate(grid: Grid, balance: Balance) -> Aggregate | None:
    """Return the aggregate of a grid whose rows are all complete; None without a floor or a reference row.

    A task on which no reference is above the floor has no scale; it is left out for every row, and `reference` says so.
    Diverged cells have the score 0, which may lie below the floor.
    """
    scores = grid.bounded
    references = [index for index, row in enumerate(grid.rows) if row != FLOOR and is_reference(row)]
    if FLOOR not in grid.rows or not references:
        return None
    bottom = scores[grid.rows.index(FLOOR)]
    top = scores[references].max(axis=0)
    scaled = top > bottom
    if not scaled.any():
        return None
    normalised = (scores[:, scaled] - bottom[scaled]) / (top - bottom)[scaled]
    datasets = np.array(grid.datasets)[scaled]
    if balance == "dataset":
        parts = [
            normalised[:, datasets == name].mean(axis=1)
            for name in dict.fromkeys(grid.datasets)
            if name in datasets
        ]
        values = np.mean(parts, axis=0)
    else:
        values = normalised.mean(axis=1)
    left_out = int((~scaled).sum())
    return Aggregate(
        values=values,
        floor=FLOOR,
        reference=f"the best of {len(references)} reference row(s) on each task"
        + (f"; {left_out} task(s) without a reference above {FLOOR} left out" if left_out else ""),
    )
