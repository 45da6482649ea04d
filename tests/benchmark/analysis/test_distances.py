"""Box plots of distances: quartiles and whiskers written out, vectors as they are beside those of length 1."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from lovt_bench.benchmark.analysis.distances import Distances, box_plot
from lovt_bench.benchmark.contract.embedding_alignment import BoxPlot
from tests.benchmark.analysis import plain


@pytest.mark.parametrize(
    "values",
    [
        [2.0],
        [1.0, 2.0],
        [3.0, 3.0, 3.0, 3.0],
        [0.0, 1.0, 1.0, 1.0, 9.0],
        [0.0, 0.0, 0.0, 1.0],
        list(np.random.default_rng(0).exponential(size=200)),
    ],
)
def test_a_box_plot_is_that_of_the_formula(values):
    """The fifth has an upper whisker that would end within the box: 0.25 is its quartile, 0 the last value near it."""
    assert box_plot(np.array(values)).model_dump() == pytest.approx(plain.box(values), abs=1e-15)


def test_far_values_are_beyond_the_whiskers():
    found = box_plot(np.array([*range(1, 10), 100.0]))
    assert (found.q1, found.median, found.q3) == (3.25, 5.5, 7.75)
    assert (found.low, found.high) == (1, 9)


def test_vectors_are_taken_as_they_are_and_of_length_one():
    distances = Distances()
    x, y = torch.tensor([[3.0, 0.0], [0.0, 2.0]]).double(), torch.tensor([[0.0, 4.0], [0.0, 5.0]]).double()
    distances.add(x[:1], y[:1])
    distances.add(x[1:], y[1:])
    found = distances.metrics()
    assert found is not None
    assert (found.unscaled.low, found.unscaled.high) == (3, 5)
    assert (found.scaled.low, found.scaled.high) == (0, pytest.approx(math.sqrt(2)))


def test_numbers_out_of_order_are_no_box_plot():
    with pytest.raises(ValidationError, match="in order"):
        BoxPlot(low=0, q1=2, median=1, q3=3, high=4)


def test_without_any_pair_there_is_no_box_plot():
    distances = Distances()
    distances.add(torch.zeros(0, 3, dtype=torch.float64), torch.zeros(0, 3, dtype=torch.float64))
    assert distances.metrics() is None
