"""Distances between two spaces equal scipy's and the formulas written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from lovt_bench.benchmark.analysis.pairs import (
    GlobalPairSums,
    LocalPairSums,
    assignment,
    pair_values,
    set_values,
)
from lovt_bench.benchmark.analysis.within import centroids
from tests.benchmark.analysis import plain
from tests.benchmark.analysis.padded import COUNTS, bags, padded

CPU = torch.device("cpu")


def test_pairs_of_a_position():
    first, second = bags(seed=1), bags(seed=2)
    (x, mask), (y, _) = padded(first), padded(second)
    y[~mask] = -50  # padding that does not agree
    found = {name: each.tolist() for name, each in pair_values(x, y, mask).items()}
    for image, (a, b) in enumerate(zip(first, second, strict=True)):
        distances = np.array([plain.distance(*rows) for rows in zip(a, b, strict=True)])
        assert found["sample_rmse"][image] == pytest.approx(np.sqrt((distances**2).mean()))
        assert found["sample_min"][image] == pytest.approx(distances.min())
        assert found["sample_max"][image] == pytest.approx(distances.max())
        if len(distances) > 1:
            assert found["sample_std"][image] == pytest.approx(distances.std(ddof=1))
        else:
            assert np.isnan(found["sample_std"][image])


def test_two_sets_of_different_sizes():
    """As regions and sentences: padded sentences count in no direction."""
    first, second = bags(seed=1), bags(seed=2, counts=COUNTS[::-1])
    found = {name: each.tolist() for name, each in set_values(*padded(first), *padded(second)).items()}
    for image, (a, b) in enumerate(zip(first, second, strict=True)):
        assert found["emb2emb"][image] == pytest.approx(cdist(a, b).mean())
        for name, of, to in (("nn_emb2emb_1to2", a, b), ("nn_emb2emb_2to1", b, a)):
            nearest, _ = NearestNeighbors(n_neighbors=1).fit(to).kneighbors(of)
            assert found[name][image] == pytest.approx(nearest.mean())
        if len(a) > 1:
            assert found["assignment_1to1"][image] == pytest.approx(plain.assignment(a, b))
        if len(b) > 1:
            assert found["assignment_2to2"][image] == pytest.approx(plain.assignment(b, a))


def test_an_embedding_on_its_own_centroid_is_clearly_of_its_set():
    (x, mask), (y, y_mask) = padded(bags(seed=1, counts=(1, 2))), padded(bags(seed=2, counts=(3, 3)))
    own, other = centroids(x, mask), centroids(y, y_mask)
    assert assignment(x, mask, own, other)[0] == 1
    assert assignment(x, mask, own, own).tolist() == pytest.approx([0.5, 0.5])


def test_global_pairs_over_batches():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 4)), rng.normal(size=(7, 4))
    sums = GlobalPairSums((4, 4), CPU)
    for one, other in zip(plain.batches(x, 3), plain.batches(y, 3), strict=True):
        sums.add(torch.from_numpy(one), torch.from_numpy(other))
    distances = [plain.distance(*pair) for pair in zip(*plain.unit([x, y]), strict=True)]
    found = sums.metrics()
    assert found is not None
    assert found.dist == pytest.approx(np.mean(distances))
    assert found.dist__std == pytest.approx(np.std(distances, ddof=1))
    assert found.rmse == pytest.approx(np.sqrt(np.mean(np.square(distances))))


def test_a_space_against_itself_is_at_distance_zero():
    x, mask = padded(bags())
    sums = LocalPairSums((4, 4), CPU)
    sums.add(x, x, mask)
    found = sums.metrics()
    assert found is not None
    pair, sets = found
    assert (pair.sample_rmse, pair.sample_max) == (0, 0)
    assert (sets.nn_emb2emb_1to2, sets.assignment_1to1) == pytest.approx((0, 0.5), abs=1e-7)


def test_other_dimensions_have_no_distance():
    x, mask = padded(bags())
    sums, whole = LocalPairSums((4, 3), CPU), GlobalPairSums((4, 3), CPU)
    sums.add(x, x[..., :3], mask)
    whole.add(x[:, 0], x[:, 0, :3])
    assert sums.metrics() is None
    assert whole.metrics() is None
