"""Metrics of a space equal the formulas written out, whatever the padding and the batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.spatial.distance import pdist

from lovt_bench.benchmark.analysis import spaces
from lovt_bench.benchmark.analysis.spaces import GlobalSpaceSums, LocalSpaceSums, images_at_a_time, spread
from tests.benchmark.analysis import plain
from tests.benchmark.analysis.padded import bags, padded

CPU = torch.device("cpu")


def local(images, folder, size=3, self_pairs=False):
    sums = LocalSpaceSums(images[0].shape[1], CPU, folder, self_pairs)
    for batch in plain.batches(images, size):
        sums.add(*padded(batch))
    return sums.metrics()


def whole(rows, size=3, self_pairs=False):
    sums = GlobalSpaceSums(rows.shape[1], CPU, self_pairs)
    for batch in plain.batches(rows, size):
        sums.add(torch.from_numpy(batch))
    return sums.metrics()


def flat(metrics) -> dict[str, float]:
    """Return numbers by name, standard deviations over images under `…__std`."""
    found: dict[str, float] = {}
    for name, value in metrics.model_dump().items():
        if isinstance(value, dict):
            found |= {name: value["mean"], f"{name}__std": value["std"]}
        else:
            found[name] = value
    return found


@pytest.mark.parametrize("self_pairs", [False, True])
@pytest.mark.parametrize("size", [2, 3, 7])
def test_local_metrics_are_the_formulas(tmp_path, size, self_pairs):
    """Seven images, so that the last batch has 1, 1 and 7 of them; two images have one embedding alone."""
    expected = plain.local_metrics(bags(), size, self_pairs)
    found = flat(local(bags(), tmp_path, size, self_pairs))
    assert expected == pytest.approx({name: found[name] for name in expected}, rel=1e-10, abs=1e-13)
    assert set(found) - set(expected) == {"dimension", "positions", "effective_rank"}


@pytest.mark.parametrize("self_pairs", [False, True])
@pytest.mark.parametrize("size", [2, 3, 7])
def test_global_metrics_are_the_formulas(size, self_pairs):
    rows = np.concatenate(bags())[:7]
    expected = plain.global_metrics(rows, size, self_pairs)
    found = flat(whole(rows, size, self_pairs))
    assert expected == pytest.approx({name: found[name] for name in expected}, rel=1e-10, abs=1e-13)


def test_distances_of_a_batch_are_those_of_scipy():
    rows = np.random.default_rng(1).normal(size=(9, 6))
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found = whole(rows, size=9)
    assert found.dist_emb2emb__batch_estimate == pytest.approx(pdist(unit).mean(), rel=1e-12)
    assert found.uniformity == pytest.approx(
        np.log(np.exp(-2 * pdist(unit, "sqeuclidean")).mean()), rel=1e-12
    )


def test_effective_rank_is_of_embeddings_as_they_are():
    rows = np.diag([8.0, 4.0, 2.0, 1.0])
    shares = np.array([8, 4, 2, 1]) / 15
    assert whole(rows).effective_rank == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-10)


def test_collapsed_embeddings_have_no_spread_and_rank_one(tmp_path):
    images = [np.tile([3.0, 1.0, 2.0], (4, 1)) for _ in range(5)]
    found = flat(local(images, tmp_path))
    assert found.pop("effective_rank") == pytest.approx(1, rel=1e-6)
    assert (found.pop("dimension"), found.pop("positions")) == (3, 4)
    assert found == pytest.approx(dict.fromkeys(found, 0.0), abs=1e-12)
    one = whole(np.tile([3.0, 1.0, 2.0], (5, 1)))
    assert (one.uniformity, one.ch_std) == pytest.approx((0, 0), abs=1e-12)


def test_nearly_collapsed_embeddings_keep_their_digits(tmp_path):
    """As of `no_g` in analysis.md section 6, whose centroids differ in the fourth digit."""
    noise = bags(width=6, seed=3, counts=(4, 4, 4))
    images = [1 + 1e-6 * bag for bag in noise]
    expected = plain.local_metrics(images, 3, False)
    found = flat(local(images, tmp_path))
    for name, value in expected.items():
        # The logarithm of nearly 1 has no more digits.
        digits = 1e-14 if "uniformity" in name else 0
        assert found[name] == pytest.approx(value, rel=1e-5, abs=digits), name


def test_zero_vectors_stay_zero(tmp_path):
    found = whole(np.zeros((4, 3)))
    assert (found.ch_std, found.uniformity, found.effective_rank) == (0, 0, None)


def test_scale_changes_effective_rank_alone():
    rows = np.concatenate(bags(seed=5))
    scales = np.linspace(1, 50, len(rows))[:, None]
    one, other = whole(rows).model_dump(), whole(rows * scales).model_dump()
    assert one.pop("effective_rank") != pytest.approx(other.pop("effective_rank"), rel=1e-3)
    assert one == pytest.approx(other, rel=1e-9)


def test_few_pairs_at_a_time_give_the_same(tmp_path, monkeypatch):
    expected = flat(local(bags(), tmp_path))
    monkeypatch.setattr(spaces, "PAIRS_AT_A_TIME", 30)
    assert images_at_a_time(5) == 1
    assert flat(local(bags(), tmp_path)) == pytest.approx(expected, rel=1e-12)


def test_pairs_at_a_time_are_bounded():
    assert images_at_a_time(49) * 49**2 <= spaces.PAIRS_AT_A_TIME
    assert images_at_a_time(10**6) == 1


def test_images_of_one_embedding_have_no_pairs(tmp_path):
    images = bags(counts=(1, 1, 1))
    found = local(images, tmp_path)
    assert (found.per_sample_uniformity, found.dist_emb2emb) == (None, None)
    assert found.ch_std_per_sample.mean == 0
    assert local(images, tmp_path, self_pairs=True).dist_emb2emb == 0


def test_one_image_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 2 embeddings, found 1"):
        local(bags(counts=(3,)), tmp_path)
    with pytest.raises(ValueError, match="at least 2 embeddings, found 1"):
        whole(np.ones((1, 3)))


def test_what_is_no_number_becomes_no_report(tmp_path):
    rows = np.concatenate(bags())
    rows[2, 1] = np.nan
    with pytest.raises((ValidationError, torch.linalg.LinAlgError)):
        whole(rows)


def test_spread_leaves_out_what_is_not_defined():
    found = spread([1.0, float("nan"), 3.0])
    assert found is not None
    assert (found.mean, found.std) == pytest.approx((2, 2**0.5))
    assert spread([float("nan")]) is None
    alone = spread([4.0])
    assert alone is not None
    assert (alone.mean, alone.std) == (4, None)
