"""A metric on each image by itself, for people who look at the best and the worst. No torch.

A mean over classes is over those that the image holds; an image that holds none has no score.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lovt_bench.tasks.weighted import Centred, Counted, Floats, Ints, Ranked, RankedClass, Weighted

_ONE: Floats = np.ones((1, 1))
"""One image, which counts once."""


def single_images(run: Weighted) -> Floats:
    """Return (N,) the metric on each image by itself: Dice of its masks, average precision or fROC of its boxes.

    NaN where there is nothing to find.
    """
    lesions = run.lesions
    scores = np.full(lesions.shape, np.nan)
    for index in range(lesions.shape[1]):
        of_class = run.of_classes([index])
        there = np.flatnonzero(lesions[:, index])
        scores[there, index] = [float(alone.values(_ONE)[0]) for alone in _alone(of_class, there)]
    known = np.isfinite(scores)
    with np.errstate(invalid="ignore"):
        found: Floats = np.where(known, scores, 0.0).sum(axis=1) / known.sum(axis=1)
    return found


def _alone(run: Weighted, images: Ints) -> list[Weighted]:
    """Return each of these images as a run of its own."""
    if isinstance(run, Counted):
        return [replace(run, counts=run.counts[image : image + 1]) for image in images]
    if isinstance(run, Ranked):
        of_class = run.classes[0]
        lines = _lines(of_class.image, images)
        return [
            replace(run, classes=[_class(of_class, at, image)])
            for at, image in zip(lines, images, strict=True)
        ]
    if isinstance(run, Centred):
        return [
            replace(
                run,
                image=np.zeros(len(at), dtype=np.int64),
                inside=run.inside[at],
                found=run.found[at],
                boxes=run.boxes[image : image + 1],
            )
            for at, image in zip(_lines(run.image, images), images, strict=True)
        ]
    raise TypeError(f"{type(run).__name__} knows no single images")


def _class(found: RankedClass, at: Ints, image: int) -> RankedClass:
    return RankedClass(np.zeros(len(at), dtype=np.int64), found.hits[:, at], found.boxes[image : image + 1])


def _lines(image: Ints, images: Ints) -> list[Ints]:
    """Return which detections each image has, best score first."""
    order = np.argsort(image, kind="stable")
    ends = np.searchsorted(image[order], np.stack([images, images + 1]))
    return [order[first:last] for first, last in ends.T]
