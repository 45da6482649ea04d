"""Scores of one row by whom and what the images show, and which of them differ from the rest beyond chance.

Within a stratum the interval is that of `images`. A gap is the score in a stratum less that in all other images of
which the property is known; runs are paired, since one run has both. Holm corrects over all gaps that are tested
together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lovt_bench.leaderboard.statistics.hypotheses import ALPHA, holm
from lovt_bench.leaderboard.statistics.images import (
    ImageInterval,
    NoImageIntervalError,
    from_values,
    leave_out,
)
from lovt_bench.tasks.weighted import Weighted

FEWEST = 10
"""Images of a stratum (patients where they are known), and images with a lesion, below which nothing is said."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Stratum:
    """One stratum of one task."""

    task: str
    trait: str
    """Sex, age, view or lesion size."""
    level: str
    images: int
    score: ImageInterval | None = None
    gap: ImageInterval | None = None
    """To the other images; None where it is the other side of a gap before it, or cannot be known."""
    p: float | None = None
    """Of the gap, corrected."""
    text: str = ""
    """Why there is no score or gap."""

    @property
    def flagged(self) -> bool:
        """Whether the stratum differs from the rest at 5 %."""
        return self.p is not None and self.p < ALPHA


def strata(
    task: str,
    runs: Sequence[Weighted],
    levels: Mapping[str, Mapping[str, Mask]],
    people: Sequence[object] | None = None,
) -> list[Stratum]:
    """Return the strata of a task, gaps not yet corrected (`corrected`).

    Args:
        task: Its name.
        runs: One per training seed.
        levels: By property and level, the images (N,) that have it.
        people: Whom each image shows.
    """
    found = []
    for name, parts in levels.items():
        known = np.any(list(parts.values()), axis=0) if parts else np.zeros(0, dtype=bool)
        for place, (level, inside) in enumerate(parts.items()):
            # The gap of the second of two levels is that of the first with the other sign.
            rest = None if len(parts) == 1 or (len(parts) == 2 and place) else known & ~inside
            found.append(_stratum(Stratum(task, name, level, int(inside.sum())), runs, inside, rest, people))
    return found


def corrected(found: Iterable[Stratum]) -> list[Stratum]:
    """Return the strata with p-values of their gaps, corrected by Holm over all of them."""
    found = list(found)
    p = holm(np.array([math.nan if item.gap is None else item.gap.p for item in found]))
    return [
        Stratum(**{**item.__dict__, "p": None if math.isnan(one) else float(one)})
        for item, one in zip(found, p.tolist(), strict=True)
    ]


def gap(
    runs: Sequence[Weighted], inside: Mask, rest: Mask, people: Sequence[object] | None = None
) -> ImageInterval:
    """Return the score on the images `inside` less that on the `rest`, of the same runs.

    Raises:
        NoImageIntervalError: There are fewer than two runs, or too few images on a side.
    """
    sides = [_left_out(runs, mask, people) for mask in (inside, rest)]
    if len(runs) < 2:
        raise NoImageIntervalError("there is one run, two are needed")
    whole = sides[0][0] - sides[1][0]
    seeds = float(whole.var(ddof=1)) / len(runs)
    parts = [from_values([(np.full(len(runs), values.mean()), left)]) for values, left in sides]
    variance = seeds + sum(part.error**2 for part in parts)
    freedom = seeds**2 / (len(runs) - 1) + sum(
        part.error**4 / part.freedom for part in parts if part.error > 0
    )
    return ImageInterval(
        value=float(whole.mean()),
        error=math.sqrt(variance),
        freedom=variance**2 / freedom if freedom > 0 else math.inf,
        seeds=seeds / variance if variance > 0 else 0.0,
    )


def _stratum(
    item: Stratum, runs: Sequence[Weighted], inside: Mask, rest: Mask | None, people: Sequence[object] | None
) -> Stratum:
    fields = item.__dict__
    try:
        values, left = _left_out(runs, inside, people)
        if len(runs) < 2:
            raise NoImageIntervalError("there is one run, two are needed")
        fields = {**fields, "score": from_values([(values, left)])}
        if rest is not None:
            fields = {**fields, "gap": gap(runs, inside, rest, people)}
    except NoImageIntervalError as error:
        fields = {**fields, "text": str(error)}
    return Stratum(**fields)


def _left_out(runs: Sequence[Weighted], mask: Mask, people: Sequence[object] | None) -> tuple:
    """Return (R,) values on the images of a mask, and (R, G) with each group of them left out."""
    rows = np.flatnonzero(mask)
    who = None if people is None else [people[row] for row in rows.tolist()]
    units = len(rows) if who is None else len(set(who))
    if units < FEWEST:
        what = "image(s)" if people is None else "patient(s)"
        raise NoImageIntervalError(f"{units} {what}, fewer than {FEWEST}")
    if (lesions := int(runs[0].with_lesion[rows].sum())) < FEWEST:
        raise NoImageIntervalError(f"{lesions} image(s) with a lesion, fewer than {FEWEST}")
    groups = leave_out(len(rows), who)
    weights = np.zeros((len(groups) + 1, len(mask)))
    weights[0, rows] = 1.0
    weights[1:, rows] = groups
    found = np.stack([run.values(weights) for run in runs])
    return found[:, 0], found[:, 1:]
