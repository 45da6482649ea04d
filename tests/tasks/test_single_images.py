"""A metric on one image is that of a test set where this image alone counts."""

from __future__ import annotations

import numpy as np
import pytest

from lovt_bench.tasks.single_images import single_images
from lovt_bench.tasks.weighted import Centred, Counted, Ranked, RankedClass

RNG = np.random.default_rng(0)
IMAGES = 6
BOXES = np.array([0, 1, 2, 0, 3, 1])


def ranked(classes=1, empty="zero"):
    image = RNG.integers(0, IMAGES, 30)
    made = [RankedClass(image, RNG.random((2, 30)) < 0.3, np.roll(BOXES, shift)) for shift in range(classes)]
    return Ranked(made, empty)


def centred():
    image = RNG.integers(0, IMAGES, 30)
    return Centred(image, RNG.random(30) < 0.4, RNG.integers(0, 2, 30), BOXES, (0.25, 0.5, 1, 2))


def counted(classes=1):
    counts = RNG.integers(1, 90, (IMAGES, classes, 3))
    counts[0, 0] = (0, 7, 0)
    return Counted(counts)


@pytest.mark.parametrize("run", [ranked(), centred(), counted()], ids=["mAP", "fROC", "Dice"])
def test_it_is_the_metric_where_one_image_counts(run):
    expected = np.where(run.lesions[:, 0], run.values(np.eye(IMAGES)), np.nan)
    np.testing.assert_allclose(single_images(run), expected, rtol=1e-12)
    assert np.isnan(single_images(run)[0])


@pytest.mark.parametrize(
    "run", [ranked(2), ranked(2, "left out"), counted(3)], ids=["zero", "left out", "Dice"]
)
def test_classes_that_an_image_does_not_hold_are_left_out(run):
    for image, there in enumerate(run.lesions):
        values = [run.of_classes([index]).values(np.eye(IMAGES))[image] for index in np.flatnonzero(there)]
        np.testing.assert_allclose(
            single_images(run)[image], np.mean(values) if values else np.nan, rtol=1e-12
        )
