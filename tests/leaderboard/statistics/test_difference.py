"""Differences of two rows by run and by image, against scipy, statsmodels and plain float64 code."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, field

import numpy as np
import pytest
from scipy.stats import ttest_ind
from statsmodels.stats.multitest import multipletests

from lovt_bench.leaderboard.show.why import WhyTask, image_sentence
from lovt_bench.leaderboard.statistics.difference import (
    Side,
    corrected,
    of_images,
    scores_alone,
    task_difference,
)
from lovt_bench.leaderboard.statistics.difference_words import half_of_it, most, sentences
from lovt_bench.leaderboard.statistics.images import NoImageIntervalError, image_interval
from lovt_bench.tasks.weighted import Counted, Ranked, RankedClass

IMAGES = 12


def counts(seed: int, shift: float = 0.0, images: int = IMAGES) -> np.ndarray:
    """Return (N, 1, 3) counts of masks, each image with a lesion."""
    drawn = np.random.default_rng(seed)
    lesion = drawn.integers(50, 200, images)
    hit = (lesion * np.clip(drawn.uniform(0.3, 0.7, images) + shift, 0, 1)).astype(np.int64)
    return np.stack([hit, drawn.integers(0, 60, images), lesion - hit], axis=1)[:, None]


def dice(found: np.ndarray) -> float:
    """Return the pooled Dice of (N, 1, 3) counts."""
    hits, false, missed = found.sum(axis=(0, 1))
    return float(2 * hits / (2 * hits + false + missed))


def counted(own: Side) -> list[np.ndarray]:
    """Return the counts of each run."""
    return [run.counts for run in own.runs if isinstance(run, Counted)]


def side(seeds: tuple[int, ...], shift: float = 0.0, *, pooled: bool = True) -> Side:
    runs = [Counted(counts(seed, shift), pooled) for seed in seeds]
    return Side(tuple(float(run.values(np.ones((1, IMAGES)))[0]) for run in runs), runs)


def test_the_difference_of_an_image_is_that_of_its_scores_where_the_metric_is_a_mean_over_images() -> None:
    first, second = side((1, 2, 3), 0.2, pooled=False), side((4, 5), pooled=False)

    def alone(own: Side) -> np.ndarray:
        parts = [found[:, 0].astype(np.float64) for found in counted(own)]
        return np.mean([2 * p[:, 0] / (2 * p[:, 0] + p[:, 1] + p[:, 2]) for p in parts], axis=0)

    assert of_images(first, second) == pytest.approx(alone(first) - alone(second), abs=1e-12)
    assert scores_alone(first.runs, 3) == pytest.approx(alone(first)[3])


def test_the_difference_of_an_image_is_a_pseudo_value_where_the_metric_is_a_ratio() -> None:
    first, second = side((1, 2), 0.2), side((3, 4))
    both = [counted(own) for own in (first, second)]

    def difference(kept: np.ndarray) -> float:
        means = [np.mean([dice(found[kept]) for found in runs]) for runs in both]
        return float(means[0] - means[1])

    whole = difference(np.arange(IMAGES))
    expected = [
        IMAGES * whole - (IMAGES - 1) * difference(np.delete(np.arange(IMAGES), image))
        for image in range(IMAGES)
    ]
    assert of_images(first, second) == pytest.approx(expected, abs=1e-12)


def with_empty(own: Side, *, pooled: bool) -> Side:
    """Return the same with as many images again that hold no lesion, on every third of which something is found."""
    empty = np.zeros((IMAGES, 1, 3), dtype=np.int64)
    empty[::3, :, 1] = 40
    return Side(own.values, [Counted(np.concatenate([found, empty]), pooled) for found in counted(own)])


def test_images_without_which_nothing_is_another_add_nothing() -> None:
    first, second = side((1, 2), 0.2), side((3, 4))
    plain = of_images(first, second)
    for pooled in (True, False):
        found = of_images(with_empty(first, pooled=pooled), with_empty(second, pooled=pooled))
        idle = np.ones(IMAGES, dtype=bool)
        idle[::3] = not pooled  # false positives count in pooled Dice alone
        assert not found[IMAGES:][idle].any()
        assert pooled == bool(found[IMAGES:].any())
        if not pooled:
            mean_runs = [
                Side((), [Counted(c, pooled=False) for c in counted(own)]) for own in (first, second)
            ]
            assert found[:IMAGES] == pytest.approx(of_images(*mean_runs), abs=1e-12)
    # A store with images that add nothing says the same of the others.
    padded = [
        Side((), [Counted(np.concatenate([c, np.zeros_like(c)]), pooled=True) for c in counted(own)])
        for own in (first, second)
    ]
    assert of_images(*padded) == pytest.approx([*plain, *np.zeros(IMAGES)], abs=1e-12)


def test_equal_scores_of_all_images_are_no_images_without_a_difference() -> None:
    """Each row's mean stays what it is without any image, and each image holds something to find."""
    found = np.array([[[9, 0, 1]]] * 4), np.array([[[5, 0, 5]]] * 4)
    first, second = (Side((), [Counted(each, pooled=False)]) for each in found)
    assert of_images(first, second) == pytest.approx([18 / 19 - 10 / 15] * 4)


def test_a_box_that_comes_after_all_hits_on_an_image_without_one_adds_nothing() -> None:
    """Best first: hits on images 0 and 1, false boxes on 2 and 3; image 4 is empty."""

    def one(order: list[int]) -> Side:
        hits = np.array([[image < 2 for image in order]])
        return Side((), [Ranked([RankedClass(np.array(order), hits, np.array([1, 1, 0, 0, 0]))])])

    values = of_images(one([0, 1, 2, 3]), one([3, 0, 1, 2]))
    assert not values[[2, 4]].any()
    assert values[3] > 0, "the second row is surest of a false box there"


def test_images_without_a_value_hide_no_other() -> None:
    """The mean over classes is undefined without the only image of a class."""
    both = np.zeros((5, 2, 3), dtype=np.int64)
    both[:4, 0] = [[9, 0, 1], [8, 0, 2], [3, 0, 7], [2, 0, 8]]
    both[4, 1] = [5, 0, 5]
    other = both.copy()
    other[:4, 0] = [[5, 0, 5], [5, 0, 5], [9, 0, 1], [8, 0, 2]]
    first, second = Side((0.5,), [Counted(both, pooled=False)]), Side((0.6,), [Counted(other, pooled=False)])
    values = of_images(first, second)
    assert np.isnan(values).tolist() == [False] * 4 + [True]
    assert sorted(most(values, 2)) == [0, 1, 2, 3]
    assert half_of_it(values) == 2
    found = task_difference("t", first, second, None)
    task = WhyTask(found, "T", "d", "Dice", [])
    assert image_sentence(task, ("a", "b")) == (
        "5 test images: 2 for a, 2 for b; half of all that images differ by lies in 2. No value: 1 image, without "
        "which the metric is undefined."
    )


def test_runs_are_compared_by_welch_and_images_by_the_paired_interval() -> None:
    first, second = side((1, 2, 3), 0.25), side((4, 5, 6, 7))
    found = task_difference("t", first, second, None)
    test = ttest_ind(first.values, second.values, equal_var=False)
    assert found.p_seeds == pytest.approx(test.pvalue)
    low, high = test.confidence_interval()
    assert found.seeds == pytest.approx((high - low) / 2)
    assert found.value == pytest.approx(np.mean(first.values) - np.mean(second.values))
    assert found.over_images is not None
    assert found.over_images.value == pytest.approx(found.value)
    assert found.p_images == found.over_images.p
    assert found.above == sum(a > b for a in first.values for b in second.values)


@dataclass(frozen=True)
class Asked(Counted):
    """Counts that remember for how many lines of weights they were asked."""

    asked: list[int] = field(default_factory=list)

    def values(self, weights: np.ndarray) -> np.ndarray:
        self.asked.append(len(weights))
        return super().values(weights)


@pytest.mark.parametrize("people", [None, [0, 0, *range(1, IMAGES - 1)]])
def test_values_without_an_image_are_computed_once(people: list[int] | None) -> None:
    """The interval needs those without a group: the same where groups are single images."""
    rows = [
        Side(own.values, [Asked(c) for c in counted(own)]) for own in (side((1, 2), 0.2), side((3, 4, 5)))
    ]
    found = task_difference("t", rows[0], rows[1], people)
    groups = 0 if people is None else 1 + len(set(people))
    for row in rows:
        assert {sum(run.asked) for run in row.runs if isinstance(run, Asked)} == {1 + IMAGES + groups}
    assert found.over_images is not None
    assert astuple(found.over_images) == pytest.approx(
        astuple(image_interval(rows[0].runs, rows[1].runs, people))
    )


def test_one_run_or_one_image_gives_no_test_but_a_difference() -> None:
    found = task_difference("t", side((1,), 0.2), side((2, 3)), None)
    assert (found.seeds, found.over_images) == (None, None)
    assert math.isnan(found.p_seeds)
    assert "1 distinct run, two are needed" in found.text
    assert found.verdict(found.p_seeds) == "no test"
    single = [Counted(counts(seed, images=1)) for seed in (1, 2)]
    one = task_difference("t", Side((0.5, 0.6), single), Side((0.4, 0.1), single[::-1]), None)
    assert one.of_images.shape == (1,)
    assert "the test set has 1 image," in one.text


def test_other_numbers_of_images_cannot_be_compared() -> None:
    other = Side((0.5,), [Counted(counts(1, images=IMAGES + 1))])
    with pytest.raises(NoImageIntervalError, match="different numbers of images"):
        task_difference("t", side((1,)), other, None)


def test_each_family_of_tests_is_corrected_over_its_tasks() -> None:
    shifts = (0.3, 0.05, 0.0)
    found = [
        task_difference(str(place), side((1, 2, 3), shift), side((4, 5, 6)), None)
        for place, shift in enumerate(shifts)
    ]
    fixed = corrected(found)
    for name in ("p_seeds", "p_images"):
        p = [getattr(item, name) for item in found]
        assert [getattr(item, name) for item in fixed] == pytest.approx(multipletests(p, method="holm")[1])


def test_sentences_say_what_they_are_about_and_no_more_than_the_tests() -> None:
    clear = task_difference("rsna_a", side((1, 2, 3, 4), 0.4), side((5, 6, 7, 8)), None)
    alike = task_difference("covid_b", side((1, 2, 3, 4)), side((5, 6, 7, 8)), None)
    found = corrected([clear, alike])
    said = sentences(found, ("a", "b"), {"rsna_a": "rsna", "covid_b": "covid-rural"})
    higher = 1 + (alike.value > 0)
    assert said[0] == f"a has the higher mean on {higher} of 2 common tasks, b on {2 - higher}."
    assert "On these test images, under other training seeds: a is better on 1, b on 0, on 1" in said[1]
    assert (
        "For other images of the same source and other training seeds together: a is better on 1" in said[2]
    )
    assert "described and not tested (2 datasets of 2 sources)" in said[3]
    assert "nothing follows for another pre-training" in said[4]
    untested = task_difference("t", side((1,)), side((2,)), None)
    assert "no task can be tested" in sentences([untested], ("a", "b"), {"t": "rsna"})[1]


def test_how_many_images_hold_half_of_a_difference() -> None:
    assert half_of_it(np.array([4.0, -3.0, 1.0, 0.0])) == 1
    assert half_of_it(np.array([1.0, -1.0, 1.0, 1.0])) == 2
    assert half_of_it(np.zeros(3)) is None
