"""Intervals for other images of the same source: training seeds crossed with images (patients where they are known).

The mean of R runs on N images varies by the seeds, by the images, and by what a seed does to single images. Seeds: the
variance between the R values over R. Images: a jackknife of the mean over runs that leaves out groups of images, a
patient's together. What both hold, the interaction, is taken away once. Degrees of freedom after Satterthwaite, so that
five runs count as five. A difference of two rows is paired: the same images are left out of both.

Of a mean over images this is the analysis of variance of two crossed random effects (F. E. Satterthwaite, Biometrics
Bulletin 2 (1946) 110); the jackknife of groups carries it over to ratios and ranks (J. Shao and D. Tu, The Jackknife
and Bootstrap, 1995, section 2.3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from lovt_bench.leaderboard.text import plural
from lovt_bench.tasks.weighted import Weighted

GROUPS = 100
"""Groups of images that are left out in turn; of fewer images, each by itself."""

SEED = 20221023
"""Of the order in which images are dealt to groups."""

_AT_ONCE = 1 << 22
"""Weights that are held at once."""

ROUNDING = 1e-12
"""Standard errors of metrics in [0, 1] below which nothing varies but the last digits."""

Floats = NDArray[np.float64]
Group = NDArray[np.int64]
Side = tuple[Floats, Floats]
"""(R,) values of runs on all images and (R, G) values without each group."""
Part = tuple[float, int]
"""A variance and its degrees of freedom."""


class NoImageIntervalError(ValueError):
    """There is no interval; the message says why, in a sentence."""


@dataclass(frozen=True)
class ImageInterval:
    """A value that generalises over seeds and images."""

    value: float
    """Mean over the runs, or its difference to another row's."""
    error: float
    """Standard error."""
    freedom: float
    seeds: float
    """Share of the variance that is of seeds, 0 to 1."""

    def half_width(self, level: float = 0.95) -> float:
        """Return half the width of the interval."""
        return float(stdtrit(self.freedom, (1 + level) / 2)) * self.error

    @property
    def p(self) -> float:
        """Two-sided p-value of the value 0; NaN without an error, since there is no test."""
        if self.error == 0:
            return math.nan
        return float(2 * stdtr(self.freedom, -abs(self.value) / self.error))


def leave_out(images: int, people: Sequence[object] | None = None) -> Floats:
    """Return (G, N) weights, 0 for the group that each line leaves out.

    Args:
        images: N.
        people: Whom each image shows; images of one are left out together. None: each image is its own.

    Raises:
        NoImageIntervalError: There are fewer than two images or people.
    """
    group = deal(np.arange(images) if people is None else people)
    groups = int(group.max(initial=-1)) + 1
    if groups < 2:
        what = "image" if people is None else "patient"
        raise NoImageIntervalError(
            f"no interval over images: the test set has {plural(groups, what)}, two are needed"
        )
    return (group != np.arange(groups)[:, None]).astype(np.float64)


def deal(people: Sequence[object] | Group) -> Group:
    """Return (N,) the group of each line, from 0; lines of one person are in one."""
    _, index = np.unique(np.asarray(people), return_inverse=True)
    units = int(index.max(initial=-1)) + 1
    order = np.random.Generator(np.random.PCG64(SEED)).permutation(units)
    group = np.empty(units, dtype=np.int64)
    group[order] = np.arange(units) % min(units, GROUPS)
    return group[index]


def image_interval(
    runs: Sequence[Weighted],
    other: Sequence[Weighted] | None = None,
    people: Sequence[object] | None = None,
    known: Sequence[Side] = (),
) -> ImageInterval:
    """Return the interval of the mean over runs, or of its difference to another row's on the same images.

    Args:
        runs: One per training seed.
        other: Those of the other row.
        people: Whom each image shows, for `leave_out`.
        known: What `without_each` returned of the one or of both; computed where it is needed and not given.

    Raises:
        NoImageIntervalError: Fewer than two runs or images, or the rows are of different images.
    """
    sides = [runs] if other is None else [runs, other]
    for side in sides:
        if len(side) < 2:
            raise NoImageIntervalError(
                f"no interval over images: {plural(len(side), 'distinct run')}, two are needed"
            )
    counts = {run.images for side in sides for run in side}
    if len(counts) > 1:
        raise NoImageIntervalError("no interval over images: the runs are of different numbers of images")
    images = counts.pop()
    weights = leave_out(images, people)
    if known and len(weights) == images:
        alone = weights.argmin(axis=1)
        return from_values([(whole, left[:, alone]) for whole, left in known])
    return from_values([_values(side, weights) for side in sides])


def without_each(runs: Sequence[Weighted]) -> Side:
    """Return (R,) values on all N images and (R, N) values without each of them."""
    images = runs[0].images
    lines = max(1, _AT_ONCE // images)
    parts = []
    for start in range(0, images, lines):
        weights = np.ones((min(lines, images - start), images))
        weights[np.arange(len(weights)), start + np.arange(len(weights))] = 0
        parts.append(np.stack([run.values(weights) for run in runs]))
    whole = np.ones((1, images))
    return np.concatenate([run.values(whole) for run in runs]), np.concatenate(parts, axis=1)


def _values(runs: Sequence[Weighted], weights: Floats) -> Side:
    """Return (R,) values on all images and (R, G) values with each group left out."""
    lines = np.concatenate([np.ones((1, weights.shape[1])), weights])
    found = np.stack([run.values(lines) for run in runs])
    return found[:, 0], found[:, 1:]


def from_values(sides: Sequence[Side]) -> ImageInterval:
    """Return the interval of one row, or of the difference of two on the same images.

    Raises:
        NoImageIntervalError: A value is undefined.
    """
    signs = (1.0, -1.0)
    value = sum(sign * whole.mean() for sign, (whole, _) in zip(signs, sides, strict=False))
    together = sum(sign * left.mean(axis=0) for sign, (_, left) in zip(signs, sides, strict=False))
    seeds = [_over_runs(whole) for whole, _ in sides]
    interaction = sum(
        _interaction(_jackknife(left), float(_jackknife(left.mean(axis=0)))) for _, left in sides
    )
    images = float(_jackknife(np.asarray(together))), len(together) - 1
    return _interval(float(value), seeds, [images], interaction)


def gap_from_values(inside: Side, rest: Side, groups: tuple[Group, Group]) -> ImageInterval:
    """Return the interval of the difference of the same runs on other images.

    Args:
        inside: Values on the images of one side.
        rest: On those of the other.
        groups: Which groups they leave out, by side; who is in a group of both sides is left out of both at once.

    Raises:
        NoImageIntervalError: A value is undefined.
    """
    difference = inside[0] - rest[0]
    has = np.stack([np.isin(np.arange(max(map(np.max, groups)) + 1), held) for held in groups])
    moved = np.zeros((len(difference), has.shape[1]))
    for sign, (_, left), held in zip((1.0, -1.0), (inside, rest), groups, strict=True):
        count = left.shape[1]
        moved[:, held] += sign * _centred(left) * math.sqrt((count - 1) / count)
    squares = moved.mean(axis=0) ** 2
    kinds = [kind for kind in (has[0] & ~has[1], has[1] & ~has[0], has[0] & has[1]) if kind.any()]
    images = [(float(squares[kind].sum()), max(int(kind.sum()) - 1, 1)) for kind in kinds]
    interaction = _interaction((moved**2).sum(axis=1), float(squares.sum()))
    return _interval(float(difference.mean()), [_over_runs(difference)], images, interaction)


def _interval(
    value: float, seeds: Sequence[Part], images: Sequence[Part], interaction: float
) -> ImageInterval:
    """Return the interval from variances with their degrees of freedom; what both hold is taken away once."""
    of_seeds, of_images = (sum(variance for variance, _ in parts) for parts in (seeds, images))
    if not math.isfinite(of_seeds + of_images + interaction):
        raise NoImageIntervalError("no interval over images: too few of them hold a lesion")
    variance = max(of_seeds + of_images - interaction, of_seeds, of_images)
    if variance < ROUNDING**2:
        return ImageInterval(value=value, error=0.0, freedom=math.inf, seeds=0.0)
    spread = sum(part**2 / freedom for part, freedom in (*seeds, *images))
    return ImageInterval(
        value=value,
        error=math.sqrt(variance),
        freedom=variance**2 / spread,
        seeds=of_seeds / variance,
    )


def _over_runs(whole: Floats) -> Part:
    return float(whole.var(ddof=1)) / len(whole), len(whole) - 1


def _interaction(of_runs: Floats, of_mean: float) -> float:
    """Return what a seed does to single images, from the (R,) variances over images of runs and that of their mean."""
    return max(float(of_runs.mean()) - of_mean, 0.0) / (len(of_runs) - 1)


def _jackknife(left: Floats) -> Floats:
    """Return the jackknife variance over the last axis."""
    groups = left.shape[-1]
    return (_centred(left) ** 2).sum(axis=-1) * (groups - 1) / groups


def _centred(left: Floats) -> Floats:
    return left - left.mean(axis=-1, keepdims=True)
