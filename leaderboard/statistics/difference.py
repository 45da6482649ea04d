"""What puts one row above another on a task: the runs, and the test images.

Two tests, each of its own estimand (docs/statistics.md): Welch's t over the runs (these test images, other training
seeds), and the paired interval over images (other images of the same source and other training seeds).

The difference of an image is its pseudo-value of the jackknife, M · D − (M − 1) · D₋ᵢ, where D is the difference of the
two means over runs and D₋ᵢ that without image i (J. W. Tukey, Ann. Math. Statist. 29 (1958) 614). An image that holds
nothing to find and without which neither row's mean is another adds 0; M is the number of the others. For a metric
that is a mean over the images of one class it is the difference of the two scores of the image, to the digit. For a
ratio or a rank it says how much the image adds, and the mean of these values is near D, not D itself. Images are picked
after looking at them all: they describe, and nothing is tested by them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lovt_bench.leaderboard.statistics.hypotheses import ALPHA, holm, welch
from lovt_bench.leaderboard.statistics.images import (
    ROUNDING,
    Floats,
    ImageInterval,
    NoImageIntervalError,
    image_interval,
    without_each,
)
from lovt_bench.leaderboard.statistics.summary import mean, sample_std
from lovt_bench.tasks.weighted import Weighted

NOTHING = 1e-9
"""Differences below it are of rounding."""


@dataclass(frozen=True)
class Side:
    """The distinct runs of a row on a task."""

    values: tuple[float, ...]
    """Test metric of each run, fractions."""
    runs: Sequence[Weighted]
    """The same runs by their images."""

    @cached_property
    def without_each(self) -> tuple[Floats, Floats]:
        """(R,) values on all N images and (R, N) values without each of them."""
        return without_each(self.runs)


@dataclass(frozen=True)
class TaskDifference:
    """First row minus second on one task; fractions."""

    task: str
    first: tuple[float, ...]
    second: tuple[float, ...]
    value: float
    seeds: float | None
    """Half the width of the 95 % interval under other training seeds (Welch); None without two distinct runs a side."""
    p_seeds: float
    """NaN where there is no test; corrected over the tasks by `corrected`."""
    over_images: ImageInterval | None
    """Under other images of the same source and other training seeds."""
    p_images: float
    text: str
    """Why there is no interval over images; empty where there is one."""
    of_images: Floats
    """(N,) the difference of each test image; NaN where the metric is undefined without it."""

    @property
    def above(self) -> int:
        """Pairs of a run of the first and a run of the second row, of which the first is higher."""
        return sum(a > b for a in self.first for b in self.second)

    def verdict(self, p: float) -> str:
        """Return who is better at 5 % by a corrected p: `first`, `second`, `not told apart` or `no test`."""
        if math.isnan(p):
            return "no test"
        return ("first" if self.value > 0 else "second") if p < ALPHA else "not told apart"


def task_difference(task: str, first: Side, second: Side, people: Sequence[object] | None) -> TaskDifference:
    """Return the difference of two rows on a task.

    Args:
        task: Its id.
        first: Distinct runs.
        second: Those of the other row, on the same N images.
        people: Whom each image shows; None: each image is its own.

    Raises:
        NoImageIntervalError: The two are of different numbers of images.
    """
    sides = (first, second)
    if len({run.images for side in sides for run in side.runs}) > 1:
        raise NoImageIntervalError("the runs are of different numbers of images")
    means = [np.array(mean(side.values)) for side in sides]
    deviations = [
        np.array(math.nan if (found := sample_std(side.values)) is None else found) for side in sides
    ]
    counts = [np.array(len(side.values)) for side in sides]
    test = welch(
        (means[0], means[1]),
        (deviations[0], deviations[1]),
        (counts[0], counts[1]),
    )
    interval, text = None, ""
    try:
        known = [side.without_each for side in sides]
        interval = image_interval(first.runs, second.runs, people, known)
    except NoImageIntervalError as error:
        text = str(error)
    return TaskDifference(
        task=task,
        first=first.values,
        second=second.values,
        value=float(means[0] - means[1]),
        seeds=None if np.isnan(test.half_width) else float(test.half_width),
        p_seeds=float(test.p),
        over_images=interval,
        p_images=math.nan if interval is None else interval.p,
        text=text,
        of_images=of_images(first, second),
    )


def of_images(first: Side, second: Side) -> Floats:
    """Return (N,) pseudo-values of the difference of the means over runs.

    An image that adds nothing has 0, the only one that adds something the difference itself. NaN: without the image the
    metric is undefined, as for the mean over classes where a class is in no other image.
    """
    both = [side.without_each for side in (first, second)]
    whole = np.array([values.mean() for values, _ in both])[:, None]
    left = np.stack([values.mean(axis=0) for _, values in both])
    same = np.isclose(left, whole, rtol=0, atol=ROUNDING).all(axis=0)
    idle = same & ~first.runs[0].lesions.any(axis=1)
    adding = len(idle) - int(idle.sum())
    difference, without = whole[0] - whole[1], left[0] - left[1]
    values = adding * difference - (adding - 1) * without if adding > 1 else difference
    return np.where(idle, 0.0, values)


def scores_alone(runs: Sequence[Weighted], image: int) -> float | None:
    """Return the mean over runs of the metric on one image; None where it holds nothing to find."""
    if not runs[0].lesions[image].any():
        return None
    weights = np.zeros((1, runs[0].images))
    weights[0, image] = 1
    value = float(np.mean([run.values(weights)[0] for run in runs]))
    return value if math.isfinite(value) else None


def corrected(found: Sequence[TaskDifference]) -> list[TaskDifference]:
    """Return the same with both p-values corrected over all of them (Holm)."""
    seeds, images = (
        holm(np.array([getattr(item, name) for item in found])) for name in ("p_seeds", "p_images")
    )
    return [
        replace(item, p_seeds=float(a), p_images=float(b))
        for item, a, b in zip(found, seeds, images, strict=True)
    ]
