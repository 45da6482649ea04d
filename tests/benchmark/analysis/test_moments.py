"""Streamed sums equal what numpy and scipy compute of all rows at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from lovt_bench.benchmark.analysis.moments import Moments, Products, linear_cka
from tests.benchmark.analysis.plain import batches, off_diagonal

CPU = torch.device("cpu")


def moments(rows, size=4) -> Moments:
    found = Moments(rows.shape[1], CPU)
    for batch in batches(rows, size):
        found.add_rows(torch.from_numpy(batch))
    return found


def cka(x, y, size=4):
    cross = Products(x.shape[1], y.shape[1], CPU)
    for one, other in zip(batches(x, size), batches(y, size), strict=True):
        cross.add(torch.from_numpy(one), torch.from_numpy(other))
    return linear_cka(cross, moments(x), moments(y))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("size", [1, 4, 50])
def test_mean_and_covariance(rng, size):
    """Far from the origin, where a sum of squares would lose all digits."""
    rows = 1e6 + rng.normal(size=(50, 5)) @ rng.normal(size=(5, 5))
    found = moments(rows, size)
    covariance = np.cov(rows, rowvar=False)
    np.testing.assert_allclose(found.mean, rows.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(found.variance(), np.diag(covariance), rtol=1e-9)
    assert found.cov_offdiagonal() == pytest.approx(off_diagonal(covariance), rel=1e-8)


@pytest.mark.parametrize("shape", [(50, 5), (5, 50)])
def test_effective_rank(rng, shape):
    rows = rng.normal(1, 1, shape)
    values = np.linalg.svd(rows, compute_uv=False)
    assert moments(rows).effective_rank() == pytest.approx(np.exp(entropy(values)), rel=1e-6)


@pytest.mark.parametrize("rank", [1, 3])
def test_effective_rank_of_orthogonal_directions_is_their_number(rank):
    rows = np.tile(np.eye(20)[:rank], (8, 1))
    assert moments(rows).effective_rank() == pytest.approx(rank, rel=1e-9)


def test_linear_cka(rng):
    x, y = rng.normal(3, 1, (40, 6)), rng.normal(-1, 2, (40, 9))
    y[:, :6] += x
    dx, dy = x - x.mean(axis=0), y - y.mean(axis=0)
    # By the Gram matrices of the images, which is the other way to write it.
    kx, ky = dx @ dx.T, dy @ dy.T
    expected = (kx * ky).sum() / np.sqrt((kx**2).sum() * (ky**2).sum())
    assert cka(x, y) == pytest.approx(expected, rel=1e-10)
    assert cka(y, x) == pytest.approx(expected, rel=1e-10)


def test_linear_cka_sees_neither_rotation_nor_scale_nor_shift(rng):
    x = rng.normal(size=(30, 5))
    rotation, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    assert cka(x, 7 * x @ rotation + 3) == pytest.approx(1, rel=1e-12)
    assert cka(x, x**2) < 0.9


def test_linear_cka_needs_what_varies(rng):
    assert cka(rng.normal(size=(8, 3)), np.ones((8, 3))) is None
