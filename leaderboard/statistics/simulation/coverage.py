"""Test sets with a known truth: how often the interval for other images and other seeds holds what it should.

The target is the mean of the metric over test sets of this size and training seeds. A run has a strength of its own,
an image a difficulty, and a run its own luck on each image; sizes of lesions are log-normal, so that few of them hold
most of the pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from lovt_bench.leaderboard.statistics.images import ImageInterval, image_interval
from lovt_bench.tasks.weighted import Centred, Counted, Ranked, RankedClass, Weighted

SEED = 20221023
RUNS = 5
MetricName = Literal["pooled Dice", "per-image Dice", "mAP", "COCO mAP", "fROC"]
METRICS: tuple[MetricName, ...] = ("pooled Dice", "per-image Dice", "mAP", "COCO mAP", "fROC")
POINTS = (0.125, 0.25, 0.5, 1, 2, 4, 8)
"""False positives per image, as the protocol has them."""
MAP_IOU = np.arange(0.40, 0.751, 0.05)
COCO_IOU = np.arange(0.50, 0.951, 0.05)

Floats = NDArray[np.float64]


def draw(metric: MetricName, images: int, generator: np.random.Generator, runs: int = RUNS) -> list[Weighted]:
    """Return the runs of one row on one drawn test set."""
    strength = generator.normal(0, 0.15, runs)
    if metric in ("pooled Dice", "per-image Dice"):
        return _masks(metric == "pooled Dice", images, strength, generator)
    return _boxes(metric, images, strength, generator)


def _masks(pooled: bool, images: int, strength: Floats, generator: np.random.Generator) -> list[Weighted]:
    size = np.exp(generator.normal(7, 0.7, images))
    difficulty = generator.normal(0, 0.8, images)
    found: list[Weighted] = []
    for run in strength:
        luck = generator.normal(0, 0.4, (2, images))
        hit = expit(0.3 + run + difficulty + luck[0])
        extra = size * np.exp(-0.6 - 0.5 * (run + difficulty) + luck[1])
        counts = np.stack([size * hit, extra, size * (1 - hit)], axis=1).round().astype(np.int64)
        found.append(Counted(counts[:, None], pooled))
    return found


def _boxes(
    metric: MetricName, images: int, strength: Floats, generator: np.random.Generator
) -> list[Weighted]:
    boxes = generator.choice([0, 1, 2, 3], images, p=[0.4, 0.3, 0.2, 0.1])
    difficulty = generator.normal(0, 0.8, images)
    owner = np.repeat(np.arange(images), boxes)
    hard = difficulty[owner] + generator.normal(0, 0.5, len(owner))
    return [_one_run(metric, images, boxes, owner, hard, difficulty, run, generator) for run in strength]


def _one_run(
    metric: MetricName,
    images: int,
    boxes: NDArray[np.int64],
    owner: NDArray[np.int64],
    hard: Floats,
    difficulty: Floats,
    run: float,
    generator: np.random.Generator,
) -> Weighted:
    quality = run + hard + generator.normal(0, 0.4, len(owner))
    overlap = expit(0.8 + 0.8 * quality)
    false = generator.poisson(np.exp(0.8 - 0.3 * difficulty))
    image = np.concatenate([owner, np.repeat(np.arange(images), false)])
    score = np.concatenate([1.2 + quality, np.zeros(false.sum())]) + generator.normal(0, 1, len(image))
    iou = np.concatenate([overlap, np.zeros(false.sum())])
    order = np.argsort(-score, kind="stable")
    image, iou = image[order], iou[order]
    if metric == "fROC":
        inside = iou > 0.45
        return Centred(image, inside, inside.astype(np.int64), boxes, POINTS)
    levels = MAP_IOU if metric == "mAP" else COCO_IOU
    item = RankedClass(image, iou > levels[:, None], boxes)
    return Ranked([item], "zero" if metric == "mAP" else "left out")


def target(metric: MetricName, images: int, sets: int, seed: int = SEED + 1) -> float:
    """Return the mean of the metric over so many test sets of this size and seeds, by drawing them."""
    generator = np.random.Generator(np.random.PCG64(seed))
    whole = np.ones((1, images))
    return float(np.mean([draw(metric, images, generator, 1)[0].values(whole)[0] for _ in range(sets)]))


def coverage(
    metric: MetricName,
    images: int,
    sets: int,
    truth: float,
    seed: int = SEED,
    interval: Callable[[Sequence[Weighted]], ImageInterval] = image_interval,
) -> float:
    """Return the share of drawn test sets whose 95 % interval holds the truth."""
    generator = np.random.Generator(np.random.PCG64(seed))
    inside = 0
    for _ in range(sets):
        found = interval(draw(metric, images, generator))
        inside += abs(found.value - truth) <= found.half_width()
    return inside / sets
