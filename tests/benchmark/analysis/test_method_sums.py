"""Every metric of a method is that of the formula written out, one report, one pair and one channel at a time."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.special import entr
from scipy.stats import rankdata

from lovt_bench.benchmark.analysis.method_sums import MethodSums
from lovt_bench.benchmark.contract.embedding_report import AnalysisSettings, MethodSpaces
from lovt_bench.submissions.common.cross_attention import Attended
from lovt_bench.submissions.common.image_text.features import ImageFeatures, ReportFeatures
from lovt_bench.submissions.common.image_text.parts import Inside
from tests.benchmark.analysis import plain
from tests.benchmark.analysis.padded import COUNTS, bags, padded
from tests.benchmark.analysis.test_spaces import flat

CPU = torch.device("cpu")
REGIONS = (6,) * len(COUNTS)
BATCH = 3
STUDIES = range(len(COUNTS))


def rows_of_sum_one(seed: int, counts: Any, columns: Any) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    found = [rng.uniform(0.01, 1, (n, m)) for n, m in zip(counts, columns, strict=True)]
    return [rows / rows.sum(axis=1, keepdims=True) for rows in found]


class World:
    """What a method says of seven studies, of which two have one sentence; a channel of each space is constant."""

    def __init__(self) -> None:
        self.yl_b, self.zl_b, self.zl_a2b = (bags(seed=seed) for seed in (1, 2, 3))
        self.zl_a, self.zl_b2a = (bags(seed=seed, counts=REGIONS) for seed in (4, 5))
        self.yg_a, self.yg_b, self.zg_a, self.zg_b = (
            np.concatenate(bags(seed=seed, counts=(len(COUNTS),))) for seed in (6, 7, 8, 9)
        )
        self.weights_a = [each[0] for each in rows_of_sum_one(1, [1] * len(COUNTS), REGIONS)]
        self.weights_b = [each[0] for each in rows_of_sum_one(2, [1] * len(COUNTS), COUNTS)]
        self.b2a = rows_of_sum_one(3, REGIONS, COUNTS)
        self.a2b = rows_of_sum_one(4, COUNTS, REGIONS)

    def batches(self) -> list[Inside]:
        return [self.batch(STUDIES[first : first + BATCH]) for first in range(0, len(COUNTS), BATCH)]

    def batch(self, studies: Any) -> Inside:
        def of(values: list[np.ndarray]) -> torch.Tensor:
            return padded([values[study] for study in studies])[0]

        def whole(values: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(values[list(studies)])

        sentences, mask = padded([self.yl_b[study] for study in studies])
        columns = sentences.shape[1]
        wide = [np.pad(self.b2a[study], ((0, 0), (0, columns - COUNTS[study]))) for study in studies]
        weights_b = torch.zeros(len(wide), columns, dtype=torch.float64)
        for row, study in enumerate(studies):
            weights_b[row, : COUNTS[study]] = torch.from_numpy(self.weights_b[study])
        return Inside(
            ImageFeatures(
                of(self.zl_a), whole(self.yg_a), torch.from_numpy(np.stack(self.weights_a)[list(studies)])
            ),
            ReportFeatures(sentences, whole(self.yg_b), weights_b, mask),
            of(self.zl_a),
            of(self.zl_b),
            whole(self.zg_a),
            whole(self.zg_b),
            Attended(of(self.zl_b2a), of(self.zl_a2b), padded(wide)[0], of(self.a2b)),
        )


@pytest.fixture(scope="module")
def world():
    return World()


def measured(world: World, folder, without_reports: bool = False, **settings: Any) -> MethodSpaces:
    sums = MethodSums(CPU, folder, AnalysisSettings(**settings))
    for batch in world.batches():
        sums.add(batch._replace(report=None) if without_reports else batch)
    header = SimpleNamespace(method="lovt", text=SimpleNamespace(name="small"))
    return sums.metrics(SimpleNamespace(header=header, sha256="0" * 64))  # type: ignore[arg-type]


def weighted_pairs(bag: np.ndarray, weights: np.ndarray, self_pairs: bool) -> float:
    total = share = 0.0
    for i, x in enumerate(bag):
        for j, y in enumerate(bag):
            if self_pairs or i != j:
                total += weights[i] * weights[j] * plain.distance(x, y)
                share += weights[i] * weights[j]
    return total / share


@pytest.mark.parametrize("self_pairs", [False, True])
def test_local_spaces(world, tmp_path, self_pairs):
    found: Any = measured(world, tmp_path, self_pairs=self_pairs).local_spaces
    together = [np.concatenate(both) for both in zip(*map(plain.unit, (world.zl_a, world.zl_b)), strict=True)]
    spaces = {"yl_b": world.yl_b, "zl_a": world.zl_a, "zl_b": world.zl_b, "zl_a&b": together}
    assert set(found) == set(spaces)
    weights = {"yl_b": world.weights_b, "zl_a": world.weights_a, "zl_b": world.weights_b}
    for name, space in spaces.items():
        expected = plain.local_metrics(space, BATCH, self_pairs)
        if name in weights:
            pairs = zip(plain.unit(space), weights[name], strict=True)
            expected["dist_emb2emb__weighted"] = float(
                np.mean(
                    [weighted_pairs(bag, w, self_pairs) for bag, w in pairs if self_pairs or len(bag) > 1]
                )
            )
        got = flat(found[name])
        assert expected == pytest.approx({key: got[key] for key in expected}, rel=1e-9, abs=1e-12), name
        assert (found[name].dist_emb2emb__weighted is None) == (name == "zl_a&b")


@pytest.mark.parametrize("self_pairs", [False, True])
def test_global_spaces(world, tmp_path, self_pairs):
    found: Any = measured(world, tmp_path, self_pairs=self_pairs).global_spaces
    assert set(found) == {"yg_a", "yg_b", "zg_a", "zg_b", "zl_a_avg", "zl_b_avg"}
    for name in ("yg_a", "yg_b", "zg_a", "zg_b"):
        expected = plain.global_metrics(getattr(world, name), BATCH, self_pairs)
        got = flat(found[name])
        assert expected == pytest.approx({key: got[key] for key in expected}, rel=1e-9, abs=1e-12), name


def centres(bag: list[np.ndarray]) -> np.ndarray:
    return np.array([each.mean(axis=0) for each in plain.unit(bag)])


def test_centroids_are_not_scaled_again(world, tmp_path):
    found: Any = measured(world, tmp_path)
    for name, bag in (("zl_a_avg", world.zl_a), ("zl_b_avg", world.zl_b)):
        rows = centres(bag)
        space = found.global_spaces[name]
        assert space.ch_std == pytest.approx(rows.std(axis=0, ddof=1).mean())
        assert space.cov_offdiagonal == pytest.approx(plain.off_diagonal(np.cov(rows, rowvar=False)))
        parts = [part for part in plain.batches(rows, BATCH) if len(part) > 1]
        potential = np.mean([plain.mean_potential(part, False) for part in parts])
        assert space.uniformity == pytest.approx(math.log(potential))
    pair = found.global_pairs["zl_a_avg;zl_b_avg"]
    distances = np.linalg.norm(centres(world.zl_a) - centres(world.zl_b), axis=1)
    assert (pair.dist, pair.dist__std) == pytest.approx((distances.mean(), distances.std(ddof=1)))


def test_pairs_of_images_and_reports(world, tmp_path):
    found = measured(world, tmp_path).global_pairs["zg_a;zg_b"]
    a, b = (np.concatenate(plain.unit([rows])) for rows in (world.zg_a, world.zg_b))
    distances = np.array([plain.distance(x, y) for x, y in zip(a, b, strict=True)])
    assert found.dist == pytest.approx(distances.mean())
    assert found.rmse == pytest.approx(np.sqrt((distances**2).mean()))


@pytest.mark.parametrize(
    ("name", "own", "other", "weights"),
    [("zl_a;zl_b2a", "zl_a", "zl_b2a", "weights_a"), ("zl_b;zl_a2b", "zl_b", "zl_a2b", "weights_b")],
)
def test_pairs_of_positions(world, tmp_path, name, own, other, weights):
    found = measured(world, tmp_path).local_pairs[name]
    of_images = []
    for x, y, w in zip(
        plain.unit(getattr(world, own)),
        plain.unit(getattr(world, other)),
        getattr(world, weights),
        strict=True,
    ):
        d = np.array([plain.distance(*pair) for pair in zip(x, y, strict=True)])
        of_images.append((np.sqrt((d**2).mean()), np.sqrt((w * d**2).sum()), d.min(), d.max()))
    expected = np.mean(of_images, axis=0)
    got = found.sample_rmse, found.sample_rmse__weighted, found.sample_min, found.sample_max
    assert got == pytest.approx(tuple(expected))


def test_box_plots_are_of_all_distances_whatever_their_batch(world, tmp_path):
    """Padding has no distance, though its projections are no zeros."""
    found: Any = measured(world, tmp_path).alignment
    pairs = {
        "zg_a;zg_b": ([world.zg_a], [world.zg_b]),
        "zl_a;zl_b2a": (world.zl_a, world.zl_b2a),
        "zl_b;zl_a2b": (world.zl_b, world.zl_a2b),
    }
    assert set(found) == set(pairs)
    for name, (own, other) in pairs.items():
        for scale, x, y in (("unscaled", own, other), ("scaled", plain.unit(own), plain.unit(other))):
            rows = zip(np.concatenate(x), np.concatenate(y), strict=True)
            expected = plain.box([plain.distance(*row) for row in rows])
            assert getattr(found[name], scale).model_dump() == pytest.approx(expected), (name, scale)


@pytest.mark.parametrize("padded_sentences", [False, True])
def test_regions_and_sentences_as_two_sets(world, tmp_path, padded_sentences):
    found = measured(world, tmp_path, padded_sentences=padded_sentences).distributions
    assert found is not None
    rows = []
    for study, (a, b) in enumerate(zip(plain.unit(world.zl_a), plain.unit(world.zl_b), strict=True)):
        d = cdist(a, b)
        first = study // BATCH * BATCH
        is_padded = len(b) < max(COUNTS[first : first + BATCH])
        to_sentences = 0.0 if padded_sentences and is_padded else d.min(axis=1).mean()
        rows.append(
            (
                d.mean(),
                world.weights_a[study] @ d @ world.weights_b[study],
                to_sentences,
                d.min(axis=0).mean(),
                assigned(a, a.mean(axis=0), b.mean(axis=0)),
                assigned(b, b.mean(axis=0), a.mean(axis=0)),
            )
        )
    got = (
        found.emb2emb,
        found.emb2emb__weighted,
        found.nn_emb2emb_1to2,
        found.nn_emb2emb_2to1,
        found.assignment_1to1,
        found.assignment_2to2,
    )
    assert got == pytest.approx(tuple(np.mean(rows, axis=0)))


def assigned(x: np.ndarray, own: np.ndarray, other: np.ndarray) -> float:
    scores = []
    for row in x:
        to_own, to_other = plain.distance(row, own), plain.distance(row, other)
        # A single sentence lies on its own centroid, where 1 / distance² has no value.
        scores.append(1.0 if to_own == 0 else to_own**-2 / (to_own**-2 + to_other**-2))
    return float(np.mean(scores))


@pytest.mark.parametrize(
    ("anchors", "candidates", "weights"),
    [
        ("zl_a", "zl_b2a", "weights_a"),
        ("zl_b2a", "zl_a", "weights_a"),
        ("zl_b", "zl_a2b", "weights_b"),
        ("zl_a2b", "zl_b", "weights_b"),
    ],
)
def test_retrieval(world, tmp_path, anchors, candidates, weights):
    retrieval: Any = measured(world, tmp_path).retrieval
    found = retrieval[f"{anchors}->{candidates}"]
    rows = []
    for x, y, w in zip(
        plain.unit(getattr(world, anchors)),
        plain.unit(getattr(world, candidates)),
        getattr(world, weights),
        strict=True,
    ):
        ranks = np.array([rankdata(-(y @ anchor))[place] for place, anchor in enumerate(x)])
        values = np.array([ranks, ranks <= 1, ranks <= 5])
        rows.append([*values.mean(axis=1), *(values @ w)])
    got = (
        found.rank,
        found.top_1,
        found.top_5,
        found.rank__weighted,
        found.top_1__weighted,
        found.top_5__weighted,
    )
    assert got == pytest.approx(tuple(np.mean(rows, axis=0)))


@pytest.mark.parametrize("name", ["b2a", "a2b"])
def test_attention(world, tmp_path, name):
    found = measured(world, tmp_path).attention[name]
    means, stds, distances, of_mean = [], [], [], []
    for rows in getattr(world, name):
        entropies = [float(entr(row).sum()) for row in rows]
        means.append(np.mean(entropies))
        if len(rows) > 1:
            stds.append(np.std(entropies, ddof=1))
        middle = rows.mean(axis=0)
        distances.append(np.mean([plain.distance(row, middle) for row in rows]))
        of_mean.append(entr(middle).sum())
    assert found.entropy == pytest.approx(np.mean(means))
    assert found.entropy__std == pytest.approx(np.mean(stds))
    assert found.dist_to_mean == pytest.approx(np.mean(distances))
    assert found.entropy_of_mean.mean == pytest.approx(np.mean(of_mean))
    assert found.entropy_of_mean.std == pytest.approx(np.std(of_mean, ddof=1))


def test_images_alone_have_what_needs_no_report(world, tmp_path):
    found = measured(world, tmp_path, without_reports=True)
    assert set(found.global_spaces) == {"yg_a", "zg_a", "zl_a_avg"}
    assert set(found.local_spaces) == {"zl_a"}
    assert found.text_model is None
    for pairs in (found.global_pairs, found.local_pairs, found.alignment, found.retrieval, found.attention):
        assert pairs == {}
    assert found.local_spaces["zl_a"] == measured(world, tmp_path).local_spaces["zl_a"]
