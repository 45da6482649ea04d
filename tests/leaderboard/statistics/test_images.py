"""Intervals over seeds and images: the formula of a linear score, coverage, and what has no interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats

from lovt_bench.leaderboard.statistics.images import (
    NoImageIntervalError,
    from_values,
    image_interval,
    leave_out,
)
from lovt_bench.leaderboard.statistics.simulation.boards import SEED
from lovt_bench.leaderboard.statistics.simulation.coverage import coverage, draw, target
from lovt_bench.leaderboard.statistics.strata import corrected, strata
from lovt_bench.tasks.weighted import Counted, Ranked, RankedClass, Weighted

GENERATOR = np.random.default_rng


class Mean:
    """A linear metric: the mean of a value per image."""

    def __init__(self, each: np.ndarray) -> None:
        self.each, self.images = each, len(each)
        self.lesions = np.ones((len(each), 1), dtype=bool)

    def of_classes(self, kept: Sequence[int]) -> Mean:
        return self

    def values(self, weights: np.ndarray) -> np.ndarray:
        return weights @ self.each / weights.sum(axis=1)


def crossed(generator: np.random.Generator, runs: int = 5, images: int = 40) -> np.ndarray:
    """Return (runs, images) values of a two-way layout with interaction."""
    return (
        0.5
        + generator.normal(0, 0.1, (runs, 1))
        + generator.normal(0, 0.4, (1, images))
        + generator.normal(0, 0.3, (runs, images))
    )


def test_of_a_mean_it_is_the_analysis_of_variance_with_two_crossed_random_effects() -> None:
    values = crossed(GENERATOR(3))
    runs, images = values.shape
    of_runs = images * values.mean(axis=1).var(ddof=1)
    of_images = runs * values.mean(axis=0).var(ddof=1)
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    interaction = (rest**2).sum() / ((runs - 1) * (images - 1))
    found = image_interval([Mean(line) for line in values])
    assert found.value == pytest.approx(values.mean())
    assert found.error**2 == pytest.approx((of_runs + of_images - interaction) / (runs * images))
    freedom = (of_runs + of_images - interaction) ** 2 / (
        of_runs**2 / (runs - 1) + of_images**2 / (images - 1)
    )
    assert found.freedom == pytest.approx(freedom)
    assert found.half_width() == pytest.approx(scipy.stats.t.ppf(0.975, freedom) * found.error)


def test_rows_are_paired_on_the_same_images() -> None:
    values = crossed(GENERATOR(4))
    runs = [Mean(line) for line in values]
    shifted = [Mean(line + 0.05) for line in crossed(GENERATOR(4))]
    found = image_interval(shifted, runs)
    assert found.value == pytest.approx(0.05)
    assert found.error < image_interval(runs).error, "what images have in common is gone"
    assert found.p == pytest.approx(2 * scipy.stats.t.sf(found.value / found.error, found.freedom))
    equal = image_interval(runs[:1] * 5, runs[:1] * 5)
    assert equal.value == 0.0
    assert np.isnan(equal.p), "nothing varies, so nothing is tested"
    constant = image_interval([Mean(np.full(60, 0.5))] * 2, [Mean(np.full(60, 0.4))] * 2)
    assert constant.error == 0.0
    assert np.isnan(constant.p), "a difference without a spread has no p-value of 0"


def test_images_of_a_patient_are_left_out_together() -> None:
    each = GENERATOR(5).normal(0, 1, 30).repeat(2)
    runs = [Mean(each + shift) for shift in (0.0, 0.01)]
    people = np.arange(30).repeat(2)
    pairs, alone = image_interval(runs, people=people.tolist()), image_interval(runs)
    assert pairs.error == pytest.approx(alone.error * np.sqrt(2), rel=0.03)
    weights = leave_out(60, people.tolist())
    assert (weights[:, ::2] == weights[:, 1::2]).all()
    assert len(leave_out(2400)) == 100


@pytest.mark.parametrize(
    ("metric", "images", "sets"),
    [("pooled Dice", 44, 300), ("per-image Dice", 44, 300), ("pooled Dice", 2400, 40), ("fROC", 44, 60)],
)
def test_nominal_95_percent_are_held(metric, images, sets) -> None:
    share = coverage(metric, images, sets, target(metric, images, 20 * sets))
    # Two and a half standard errors of 95 % over so many sets.
    assert share == pytest.approx(0.95, abs=2.5 * np.sqrt(0.95 * 0.05 / sets))


@pytest.mark.parametrize(
    ("runs", "images", "people", "said"),
    [
        (1, 20, None, r"1 distinct run, two are needed"),
        (5, 1, None, r"the test set has 1 image, two are needed"),
        (5, 4, ["a"] * 4, r"the test set has 1 patient, two are needed"),
    ],
)
def test_what_has_no_interval_says_why(runs, images, people, said) -> None:
    with pytest.raises(NoImageIntervalError, match=said):
        image_interval([Mean(np.arange(images) / 10.0)] * runs, people=people)


def masks(generator: np.random.Generator, images: int, gap: float = 0.0) -> tuple[list[Counted], np.ndarray]:
    """Return runs whose Dice is lower by about `gap` in the images of a flag, and the flag."""
    flag = generator.random(images) < 0.5
    made = draw("pooled Dice", images, generator)
    worse = []
    for run in made:
        assert isinstance(run, Counted)
        counts = run.counts.copy()
        lost = (counts[..., 0] * gap * flag[:, None]).astype(np.int64)
        counts[..., 0] -= lost
        counts[..., 2] += lost
        worse.append(Counted(counts))
    return worse, flag


def flags(images: int, sets: int, gap: float) -> float:
    """Return the share of test sets with a flag among a planted property and one of three levels that says nothing."""
    generator, hits = GENERATOR(SEED), 0
    for _ in range(sets):
        runs, flag = masks(generator, images, gap)
        kind = generator.integers(0, 3, images)
        levels = {"sex": {"F": flag, "M": ~flag}, "view": {f"v{k}": kind == k for k in range(3)}}
        found = corrected(strata("task", runs, levels))
        hits += any(item.flagged for item in found if gap == 0 or item.trait == "sex")
    return hits / sets


def test_a_gap_between_strata_is_found_and_none_where_there_is_none() -> None:
    assert flags(120, 120, 0.0) <= 0.05 + 0.04
    assert flags(120, 30, 0.5) > 0.9


def test_a_stratum_of_two_images_is_not_scored() -> None:
    runs, _ = masks(GENERATOR(1), 40)
    few = np.arange(40) < 2
    first, second = strata("task", runs, {"sex": {"F": few, "M": ~few}})
    assert (first.images, first.score, first.gap, first.text) == (2, None, None, "2 image(s), fewer than 10")
    assert second.score is not None
    assert corrected([first, second])[0].p is None


def test_a_stratum_without_lesions_is_not_scored_as_0() -> None:
    counts = np.zeros((40, 1, 3), dtype=np.int64)
    counts[:20, 0] = [5, 1, 2]
    healthy = np.arange(40) >= 20
    first, second = strata("task", [Counted(counts)] * 3, {"view": {"AP": healthy, "PA": ~healthy}})
    assert (first.score, first.gap, first.text) == (None, None, "0 image(s) with a lesion, fewer than 10")
    assert second.score is not None


def two_classes(kind: str, generator: np.random.Generator) -> tuple[Weighted, np.ndarray]:
    """Return a run whose second class women alone have, found as well as the first, and who is a woman."""
    woman = np.arange(120) % 2 == 0
    held = np.stack([np.ones(120, dtype=bool), woman], axis=1)
    if kind == "masks":
        hit = np.clip(generator.normal(80, 8, held.shape), 1, 99).astype(np.int64) * held
        return Counted(np.stack([hit, 20 * held, 100 * held - hit], axis=2)), woman
    image = [generator.permutation(np.flatnonzero(one)) for one in held.T]
    classes = [
        RankedClass(one, generator.random((1, len(one))) < 0.7, has.astype(np.int64))
        for one, has in zip(image, held.T, strict=True)
    ]
    return Ranked(classes), woman


@pytest.mark.parametrize("kind", ["masks", "boxes"])
def test_a_class_that_a_stratum_does_not_hold_makes_no_gap(kind: str) -> None:
    made = [two_classes(kind, GENERATOR(seed)) for seed in range(5)]
    runs, woman = [run for run, _ in made], made[0][1]
    levels = {"sex": {"F": woman, "M": ~woman}}
    women, men = corrected(strata("task", runs, levels, classes=["Mass", "Nodule"]))
    assert women.left_out == men.left_out == ("Nodule",)
    assert women.score is not None
    assert men.score is not None
    assert women.gap is not None
    assert women.gap.value == pytest.approx(women.score.value - men.score.value)
    assert abs(women.gap.value) < 0.15
    assert not women.flagged


def test_lesions_of_one_patient_are_one() -> None:
    counts = np.zeros((40, 1, 3), dtype=np.int64)
    counts[:12, 0] = [5, 1, 2]
    people = [0] * 12 + list(range(1, 29))
    (found,) = strata(
        "task", [Counted(counts, pooled=False)] * 3, {"view": {"AP": np.ones(40, bool)}}, people
    )
    assert (found.score, found.text) == (None, "1 patient(s) with a lesion, fewer than 10")


def test_what_is_undefined_without_some_images_has_no_interval() -> None:
    left = np.full((5, 10), 0.5)
    left[:, 3] = np.nan
    with pytest.raises(NoImageIntervalError, match="too few of them hold a lesion"):
        from_values([(np.full(5, 0.5), left)])


def test_a_gap_counts_what_seeds_do_to_single_images_once() -> None:
    values, flag = crossed(GENERATOR(8), images=60), np.arange(60) % 3 == 0
    first, _ = strata("task", [Mean(line) for line in values], {"sex": {"F": flag, "M": ~flag}})
    sides = values[:, flag], values[:, ~flag]
    difference = sides[0].mean(axis=1) - sides[1].mean(axis=1)
    variance = difference.var(ddof=1) / 5
    for side in sides:
        rest = side - side.mean(axis=1, keepdims=True) - side.mean(axis=0) + side.mean()
        interaction = (rest**2).sum() / (4 * (side.shape[1] - 1))
        variance += (side.mean(axis=0).var(ddof=1) - interaction / 5) / side.shape[1]
    assert first.gap is not None
    assert first.gap.error**2 == pytest.approx(variance)


@pytest.mark.parametrize(("sign", "patients"), [(1, 150), (-1, 60)], ids=["alike", "opposite"])
def test_a_gap_knows_that_a_patient_is_on_both_sides(sign: int, patients: int) -> None:
    """Two thirds have an image in each view, a sixth in one view each; what is said is what draws vary by."""
    generator, gaps = GENERATOR(SEED), []
    of_view = np.arange(patients) < patients * 5 // 6
    people = np.concatenate([np.flatnonzero(of_view), np.flatnonzero(of_view[::-1])])
    ap = np.arange(len(people)) < of_view.sum()
    for _ in range(250):
        own = generator.normal(0, 0.1, patients)[people] * np.where(ap, 1, sign)
        each = 0.5 + own + generator.normal(0, 0.03, len(people))
        runs = [Mean(each + generator.normal(0, 0.002)) for _ in range(3)]
        (first, _) = corrected(strata("task", runs, {"view": {"AP": ap, "PA": ~ap}}, people.tolist()))
        assert first.gap is not None
        gaps.append((first.gap.value, first.gap.error**2, first.flagged))
    values, variances, flagged = np.array(gaps).T
    # A standard deviation from 250 draws is known to 4.5 %.
    assert np.sqrt(variances.mean()) == pytest.approx(values.std(), rel=0.12)
    assert flagged.mean() <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 250)


def test_a_gap_between_images_of_the_same_patients_is_that_of_their_differences() -> None:
    first, second = crossed(GENERATOR(9)), crossed(GENERATOR(10))
    ap = np.arange(80) < 40
    runs = [Mean(line) for line in np.concatenate([first, second], axis=1)]
    (found, _) = strata("task", runs, {"view": {"AP": ap, "PA": ~ap}}, [*range(40), *range(40)])
    assert found.gap is not None
    paired = image_interval([Mean(line) for line in first - second])
    assert (found.gap.error, found.gap.freedom) == pytest.approx((paired.error, paired.freedom))


def test_one_run_has_no_strata() -> None:
    runs, flag = masks(GENERATOR(1), 40)
    found = strata("task", runs[:1], {"sex": {"F": flag, "M": ~flag}})
    assert {item.text for item in found} == {"there is one distinct run, two are needed"}


def test_equal_values_give_an_interval_of_no_width() -> None:
    found = from_values([(np.full(5, 0.5), np.full((5, 10), 0.5))])
    assert (found.value, found.half_width()) == (0.5, 0.0)
