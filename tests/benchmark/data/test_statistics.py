"""Every image weighs the same, whatever its size."""

from __future__ import annotations

import numpy as np
import pytest

from lovt_bench.benchmark.data.statistics import split_statistics


def test_images_of_equal_size_give_the_statistics_of_all_pixels() -> None:
    pixels = np.random.default_rng(0).random((7, 500))
    got = split_statistics(pixels.mean(axis=1), pixels.var(axis=1))
    assert got.mean == pytest.approx(pixels.mean())
    assert got.std == pytest.approx(pixels.std())


@pytest.mark.parametrize(
    ("means", "variances", "message"), [([], [], "at least one"), ([0.5], [0.0], "flat")]
)
def test_nothing_to_measure_is_an_error(means: list[float], variances: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split_statistics(np.array(means), np.array(variances))
