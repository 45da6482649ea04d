"""The formula-defined tensors, against the values that the vectors' README prints."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.parity.formula import fill, formula_input, formula_values, formula_weight
from tests.parity.golden import GoldenError


@pytest.mark.parametrize(
    ("seed", "first"),
    [
        (0, (-1.0, -0.3648022753186524, -0.6175304623320699)),
        (1, (0.1467951601371169, 0.1767875454388559, 0.4082674658857286)),
    ],
)
def test_first_values_of_the_readme(seed, first):
    assert formula_values([3], seed).tolist() == pytest.approx(first, abs=0)


def test_values_do_not_depend_on_the_length():
    long = formula_values([(1 << 20) + 5], 7)
    assert np.array_equal(long[:4], formula_values([2, 2], 7).ravel())
    assert np.array_equal(long[-5:], formula_values([(1 << 20) + 9], 7)[-9:-4])


def test_kinds_of_weights():
    u = formula_values([2, 3], 5)
    make = lambda kind, **more: formula_weight({"kind": kind, "shape": [2, 3], "seed": 5, **more}).numpy()  # noqa: E731
    np.testing.assert_allclose(make("weight", fan_in=24, gain=2), u, rtol=1e-6)
    np.testing.assert_allclose(make("bn_bias"), 0.1 * u, rtol=1e-6)
    np.testing.assert_allclose(make("bn_weight", gain=3), 3 + 0.6 * u, rtol=1e-6)
    np.testing.assert_allclose(make("bn_var"), 1 + 0.5 * u, rtol=1e-6)
    with pytest.raises(GoldenError, match="unknown kind 'other'"):
        make("other")


def test_formulas_of_inputs():
    entry = {"shape": [4], "seed": 3}
    u = formula_values([4], 3)
    np.testing.assert_allclose(formula_input({**entry, "formula": "1.7*u_i (C order)"}), 1.7 * u, rtol=1e-6)
    np.testing.assert_allclose(
        formula_input({**entry, "formula": "max(0, 2*u_i)"}), np.maximum(0, 2 * u), rtol=1e-6
    )
    with pytest.raises(GoldenError, match="expected `X"):
        formula_input({**entry, "formula": "sin(u_i)"})


def test_filling_checks_number_and_shape():
    entry = {"name": "w", "kind": "bias", "shape": [4, 1], "seed": 1}
    tensor = torch.zeros(4, 1, 1)
    fill([tensor], [entry])
    assert tensor.any()
    with pytest.raises(GoldenError, match="1 parameters to fill, 0 weights listed"):
        fill([tensor], [])
    with pytest.raises(GoldenError, match=r"weight 'w' is \[4, 1\], ours \[5\]"):
        fill([torch.zeros(5)], [entry])
