"""What the differences of two rows allow one to say, in sentences that name what they are about."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from lovt_bench.leaderboard.statistics.difference import TaskDifference
from lovt_bench.leaderboard.statistics.sources import sources_of
from lovt_bench.leaderboard.text import plural

LEAST = 5e-4
"""Differences of an image below it show as 0.0 percent points."""

SCOPE = (
    "Each row is one checkpoint, or one way to draw weights: nothing follows for another pre-training of a method, for "
    "other datasets, or for the cause."
)


def sentences(
    found: Sequence[TaskDifference], names: tuple[str, str], datasets: Mapping[str, str]
) -> list[str]:
    """Return the sentences, the most important first.

    Args:
        found: Tasks, with p-values corrected over them.
        names: How the two rows are called.
        datasets: Dataset of each task.
    """
    return [
        _counted(found, names),
        _tested(
            found,
            [item.p_seeds for item in found],
            names,
            "On these test images, under other training seeds",
            "Welch",
        ),
        _tested(
            found,
            [item.p_images for item in found],
            names,
            "For other images of the same source and other training seeds together",
            "jackknife of the paired difference",
        ),
        _by_dataset(found, names, datasets),
        SCOPE,
    ]


def half_of_it(differences: np.ndarray) -> int | None:
    """Return how many images hold half of the sum of absolute differences; None where all are 0 or undefined."""
    size = np.sort(np.abs(differences[np.isfinite(differences)]))[::-1]
    total = float(size.sum())
    return int(np.searchsorted(np.cumsum(size), total / 2)) + 1 if total > 0 else None


def most(differences: np.ndarray, count: int) -> list[int]:
    """Return the images that speak most for the first row, then those that speak most for the second.

    Args:
        differences: (N,) of images; those that are not finite are passed over.
        count: At most, for each row.
    """
    order = np.argsort(-differences, kind="stable")
    order = order[np.isfinite(differences[order])]
    above = [int(place) for place in order[:count] if differences[place] >= LEAST]
    return above + [int(place) for place in order[::-1][:count] if differences[place] <= -LEAST]


def _counted(found: Sequence[TaskDifference], names: tuple[str, str]) -> str:
    higher, lower = (sum(sign * item.value > 0 for item in found) for sign in (1, -1))
    return f"{names[0]} has the higher mean on {higher} of {plural(len(found), 'common task')}, {names[1]} on {lower}."


def _tested(
    found: Sequence[TaskDifference], p: Sequence[float], names: tuple[str, str], what: str, how: str
) -> str:
    tests = sum(not math.isnan(one) for one in p)
    if not tests:
        return (
            f"{what}: no task can be tested, for want of two distinct runs a side or of images that differ."
        )
    verdicts = Counter(item.verdict(one) for item, one in zip(found, p, strict=True))
    return (
        f"{what}: {names[0]} is better on {verdicts['first']}, {names[1]} on {verdicts['second']}, on "
        f"{verdicts['not told apart']} they cannot be told apart (5 %, {how}, Holm over {plural(tests, 'task')})."
    )


def _by_dataset(found: Sequence[TaskDifference], names: tuple[str, str], datasets: Mapping[str, str]) -> str:
    there = list(dict.fromkeys(datasets[item.task] for item in found))
    sources = len(sources_of(there))
    for_first = [
        name for name in there if all(item.value > 0 for item in found if datasets[item.task] == name)
    ]
    for_second = [
        name for name in there if all(item.value < 0 for item in found if datasets[item.task] == name)
    ]
    parts = [
        f"{who} is higher on every task of {', '.join(which)}"
        for who, which in zip(names, (for_first, for_second), strict=True)
        if which
    ]
    said = "; ".join(parts) or "neither is higher on every task of a dataset"
    counted = f"{plural(len(there), 'dataset')} of {plural(sources, 'source')}"
    return f"By dataset, described and not tested ({counted}): {said}."
