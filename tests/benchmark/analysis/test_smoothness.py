"""Similarity by distance, against plain loops over pairs of positions."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from scipy.stats import gaussian_kde

from lovt_bench.benchmark.analysis.smoothness import similarities


def test_every_ordered_pair_counts_at_its_distance():
    maps = np.random.default_rng(0).normal(size=(2, 4, 3, 2)).astype(np.float32)
    expected: dict[float, list[float]] = defaultdict(list)
    for image in maps.astype(np.float64):
        for first in np.ndindex(3, 2):
            for second in np.ndindex(3, 2):
                x, y = image[:, *first], image[:, *second]
                distance = round(math.dist(first, second) / math.hypot(3, 2), 1)
                expected[distance].append(float(x @ y / math.sqrt(x @ x * (y @ y))))
    found = similarities(maps)
    assert [each.distance for each in found] == sorted(expected)
    for each in found:
        values = np.array(expected[each.distance])
        assert each.pairs == len(values)
        np.testing.assert_allclose(each.quartiles, np.quantile(values, [0.25, 0.5, 0.75]), rtol=1e-9)
        if each.distance:
            density = gaussian_kde(values)(each.values)
            np.testing.assert_allclose(each.density, density / density.max(), rtol=1e-6)


def test_a_feature_that_is_the_same_everywhere_has_no_spread():
    found = similarities(np.ones((2, 3, 2, 2), np.float32))
    assert [each.distance for each in found] == [0.0, 0.4, 0.5]
    for each in found:
        assert each.quartiles == pytest.approx((1, 1, 1))
        assert each.density.tolist() == [1, 1]


def test_a_zero_feature_is_like_none():
    assert similarities(np.zeros((1, 3, 2, 2), np.float32))[1].quartiles == (0, 0, 0)
