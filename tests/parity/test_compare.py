"""A comparison passes what the tolerance allows and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.parity.compare import Comparison


def ratio(got, expected, **tolerance) -> float:
    return Comparison("case", "quantity", np.asarray(got), np.asarray(expected), **tolerance).ratio()


@pytest.mark.parametrize(
    ("got", "expected", "tolerance", "value"),
    [
        ([1.0, 2.1], [1.0, 2.0], {"atol": 0.2}, 0.5),
        ([1.0, 2.1], [1.0, 2.0], {"rtol": 0.1}, 0.5),
        ([0.1, 10.0], [0.0, 10.0], {"rtol_of_max": 0.01}, 1.0),
        ([1], [1], {}, 0.0),
        ([1], [2], {}, math.inf),
        ([0.0], [0.0], {"rtol_of_max": 0.01}, 0.0),
        ([0.1], [0.0], {"rtol_of_max": 0.01}, math.inf),
        ([math.nan], [1.0], {"atol": 1.0}, math.inf),
        ([math.nan], [math.nan], {}, 0.0),
        ([math.inf], [math.inf], {"atol": 1.0}, 0.0),
        ([math.inf], [1.0], {"atol": 1.0}, math.inf),
        ([1.0], [1.0, 1.0], {"atol": 1.0}, math.inf),
        ([[1.0]], [1.0], {"atol": 1.0}, math.inf),
        ([], [], {}, 0.0),
        ([True, False], [1, 0], {}, 0.0),
        ([True, True], [1, 0], {}, math.inf),
    ],
)
def test_ratio_of_error_and_tolerance(got, expected, tolerance, value):
    assert ratio(got, expected, **tolerance) == pytest.approx(value)


def test_text_is_compared_as_text():
    assert Comparison("case", "quantity", "a", "a").ratio() == 0
    other = Comparison("case", "quantity", "a", "b")
    assert other.ratio() == math.inf
    assert other.problem() == "quantity: 'a', expected 'b'"
