"""Colours are principal components, against scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from lovt_bench.benchmark.analysis.feature_colours import feature_colours

MAPS = np.random.default_rng(0).normal(size=(2, 6, 4, 5)) * np.array([9, 7, 5, 1, 1, 1])[:, None, None]


def test_they_are_the_first_three_principal_components():
    rows = MAPS.transpose(0, 2, 3, 1).reshape(-1, 6)
    values = PCA(3).fit_transform(rows)
    low, high = np.percentile(values, [2, 98], axis=0)
    expected = (255 * ((values - low) / (high - low)).clip(0, 1)).reshape(2, 4, 5, 3)
    found = feature_colours(MAPS).astype(float)
    for channel in range(3):
        same, mirrored = (
            np.abs(found[..., channel] - of).max()
            for of in (expected[..., channel], 255 - expected[..., channel])
        )
        assert min(same, mirrored) <= 1


def test_the_channel_that_weighs_most_counts_positively():
    found = feature_colours(MAPS).astype(int)
    assert np.abs(feature_colours(-MAPS) - (255 - found)).max() <= 1
    heaviest = np.corrcoef(MAPS[:, 0].ravel(), found[..., 0].ravel())[0, 1]
    assert heaviest > 0.9
    np.testing.assert_array_equal(feature_colours(MAPS + 3), found)


def test_what_does_not_vary_is_grey():
    assert (feature_colours(np.ones((1, 5, 2, 2))) == 128).all()
    line = np.arange(4.0).reshape(1, 1, 2, 2) * np.ones((1, 5, 1, 1))
    found = feature_colours(line)
    assert len(np.unique(found[..., 0])) == 4
    assert (found[..., 1:] == 128).all()
    assert (feature_colours(np.arange(8.0).reshape(1, 2, 2, 2))[..., 2] == 128).all(), (
        "two channels, two directions"
    )
