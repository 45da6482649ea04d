"""Scores of one row by whom and what the images show, and which of them differ from the rest beyond chance.

Within a stratum the interval is that of `images`. A gap is the score in a stratum less that in all other images of
which the property is known; runs are paired, since one run has both, and so are patients with images on both sides.
Holm corrects over all gaps that are tested together. The mean over classes is over those that enough images of both
sides hold: one that is absent has no score there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lovt_bench.leaderboard.statistics.hypotheses import ALPHA, holm
from lovt_bench.leaderboard.statistics.images import (
    Group,
    ImageInterval,
    NoImageIntervalError,
    Side,
    deal,
    from_values,
    gap_from_values,
)
from lovt_bench.tasks.weighted import Weighted

FEWEST = 10
"""Images of a stratum, and those of them with a lesion of a class, below which nothing is said (of the class); patients
where they are known."""

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
    left_out: tuple[str, ...] = ()
    """Classes that score and gap leave out."""

    @property
    def flagged(self) -> bool:
        """Whether the stratum differs from the rest at 5 %."""
        return self.p is not None and self.p < ALPHA


def strata(
    task: str,
    runs: Sequence[Weighted],
    levels: Mapping[str, Mapping[str, Mask]],
    people: Sequence[object] | None = None,
    classes: Sequence[str] = (),
) -> list[Stratum]:
    """Return the strata of a task, gaps not yet corrected (`corrected`).

    Args:
        task: Its name.
        runs: One per training seed.
        levels: By property and level, the images (N,) that have it.
        people: Whom each image shows.
        classes: Names of the classes that runs hold, to say which were left out.
    """
    found = []
    for name, parts in levels.items():
        known = np.any(list(parts.values()), axis=0) if parts else np.zeros(0, dtype=bool)
        for place, (level, inside) in enumerate(parts.items()):
            item = Stratum(task, name, level, int(inside.sum()))
            rest = known & ~inside if len(parts) > 1 else None
            found.append(_stratum(item, runs, (inside, rest), people, classes))
            if len(parts) == 2 and place:
                # It is that of the first with the other sign.
                found[-1] = replace(found[-1], gap=None)
    return found


def corrected(found: Iterable[Stratum]) -> list[Stratum]:
    """Return the strata with p-values of their gaps, corrected by Holm over all of them."""
    found = list(found)
    p = holm(np.array([math.nan if item.gap is None else item.gap.p for item in found]))
    return [
        replace(item, p=None if math.isnan(one) else one) for item, one in zip(found, p.tolist(), strict=True)
    ]


def _stratum(
    item: Stratum,
    runs: Sequence[Weighted],
    sides: tuple[Mask, Mask | None],
    people: Sequence[object] | None,
    classes: Sequence[str],
) -> Stratum:
    inside, rest = sides
    try:
        kept = _enough(runs[0], inside, people)
        if len(runs) < 2:
            raise NoImageIntervalError("there is one distinct run, two are needed")
        try:
            both = kept if rest is None else kept & _enough(runs[0], rest, people)
            if not both.any():
                raise NoImageIntervalError(f"no class has a lesion in {FEWEST} on both sides")
        except NoImageIntervalError as error:
            # A score by itself; there is nothing to compare it with.
            both, rest, item = kept, None, replace(item, text=f"no gap to the others: {error}")
        item = replace(item, left_out=_named(classes, ~both))
        runs = [run.of_classes(np.flatnonzero(both).tolist()) for run in runs]
        group = _groups(inside, rest, people)
        own, held = _left_out(runs, inside, group)
        item = replace(item, score=from_values([own]))
        if rest is None:
            return item
        others, theirs = _left_out(runs, rest, group)
        return replace(item, gap=gap_from_values(own, others, (held, theirs)))
    except NoImageIntervalError as error:
        return replace(item, text=str(error))


def _named(classes: Sequence[str], chosen: Mask) -> tuple[str, ...]:
    return tuple(name for name, is_one in zip(classes, chosen.tolist(), strict=False) if is_one)


def _enough(run: Weighted, mask: Mask, people: Sequence[object] | None) -> Mask:
    """Return (C,) which classes enough images of a mask hold, or patients where they are known.

    Raises:
        NoImageIntervalError: There are too few of them, or no class is.
    """
    rows = np.flatnonzero(mask).tolist()
    who, what = (rows, "image(s)") if people is None else ([people[row] for row in rows], "patient(s)")
    if (units := len(set(who))) < FEWEST:
        raise NoImageIntervalError(f"{units} {what}, fewer than {FEWEST}")
    lesions = run.lesions[rows].T
    held = np.array([len({one for one, has in zip(who, line, strict=True) if has}) for line in lesions])
    if held.max() < FEWEST:
        of_class = " of one class" if len(held) > 1 else ""
        raise NoImageIntervalError(f"{held.max()} {what} with a lesion{of_class}, fewer than {FEWEST}")
    return held >= FEWEST


def _groups(inside: Mask, rest: Mask | None, people: Sequence[object] | None) -> Group:
    """Return (N,) the groups to be left out, -1 of neither side.

    Patients on one side, on the other, and on both are dealt apart: how much is known of each is counted by itself.
    """
    each = np.arange(len(inside)) if people is None else np.asarray(people)
    sides = [inside] if rest is None else [inside, rest]
    kinds = sum((1 << place) * np.isin(each, each[side]) for place, side in enumerate(sides))
    group = np.full(len(inside), -1)
    for kind in (1, 2, 3):
        rows = np.flatnonzero((kinds == kind) & np.any(sides, axis=0))
        group[rows] = group.max() + 1 + deal(each[rows])
    return group


def _left_out(runs: Sequence[Weighted], mask: Mask, group: Group) -> tuple[Side, Group]:
    """Return (R,) values on the images of a mask, (R, G) with each group of them left out, and the groups."""
    rows = np.flatnonzero(mask)
    held = np.unique(group[rows])
    weights = np.zeros((len(held) + 1, len(mask)))
    weights[0, rows] = 1.0
    weights[1:, rows] = group[rows] != held[:, None]
    found = np.stack([run.values(weights) for run in runs])
    return (found[:, 0], found[:, 1:]), held
