"""NT-Xent against a slow float64 reading of its formula."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lovt_bench.submissions.common.losses.nt_xent import nt_xent


def slow_nt_xent(first: np.ndarray, second: np.ndarray, temperature: float) -> float:
    views = np.concatenate([first, second]).astype(np.float64)
    count = len(first)
    terms = []
    for i in range(2 * count):
        similarity = [
            float(views[i] @ views[j] / np.linalg.norm(views[i]) / np.linalg.norm(views[j])) / temperature
            for j in range(2 * count)
        ]
        others = [math.exp(value) for j, value in enumerate(similarity) if j != i]
        terms.append(math.log(sum(others)) - similarity[(i + count) % (2 * count)])
    return sum(terms) / (2 * count)


@pytest.mark.parametrize(("count", "temperature"), [(2, 0.1), (5, 0.5), (9, 1.0)])
def test_it_is_the_formula(count: int, temperature: float):
    rng = np.random.default_rng(count)
    first, second = rng.normal(size=(2, count, 7)).astype(np.float32)
    got = nt_xent(torch.from_numpy(first), torch.from_numpy(second), temperature)
    assert got.item() == pytest.approx(slow_nt_xent(first, second, temperature), rel=1e-5)


def test_a_view_is_no_candidate_for_itself():
    same = torch.ones(4, 3)
    assert nt_xent(same, same).item() == pytest.approx(math.log(7))


def test_half_precision_is_computed_in_single():
    torch.manual_seed(0)
    first, second = torch.randn(2, 6, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = nt_xent(first, second)
    assert got.dtype == torch.float32
    assert torch.equal(got, nt_xent(first, second))


def test_batches_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="B >= 2"):
        nt_xent(torch.zeros(1, 3), torch.zeros(1, 3))
    with pytest.raises(ValueError, match=r"\(3, 4\) and \(2, 4\)"):
        nt_xent(torch.zeros(3, 4), torch.zeros(2, 4))
