"""A t-SNE is scikit-learn's, computed once, and refused where there is none."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.manifold import TSNE

from lovt_bench.benchmark.analysis.projection import perplexity_of, projection_of

EMBEDDINGS = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)


def project(folder, embeddings=EMBEDDINGS, of="a question"):
    return projection_of(folder, of, "mine", 12, embeddings)


def test_it_is_that_of_scikit_learn_and_kept(tmp_path):
    made = project(tmp_path)
    expected = TSNE(perplexity=3.7, init="pca", random_state=0).fit_transform(EMBEDDINGS)
    np.testing.assert_allclose(made.points, expected, atol=1e-4)
    [path] = tmp_path.iterdir()
    changed = json.loads(path.read_text())
    changed["points"][0] = [123.0, 0.0]
    path.write_text(json.dumps(changed))
    assert project(tmp_path).points[0] == (123.0, 0.0), "what is there is not computed again"
    assert project(tmp_path, of="another question") != made


@pytest.mark.parametrize("content", ["", "{}", '{"points": [[NaN, 0]]}'])
def test_a_damaged_one_is_made_again(tmp_path, content):
    made = project(tmp_path)
    [path] = tmp_path.iterdir()
    path.write_text(content)
    assert project(tmp_path) == made
    assert path.read_text() == made.to_json()


@pytest.mark.parametrize(("embeddings", "perplexity"), [(4, 1.0), (13, 4.0), (91, 30.0), (5000, 30.0)])
def test_perplexity_fits_the_number_of_embeddings(embeddings, perplexity):
    assert perplexity_of(embeddings) == perplexity


@pytest.mark.parametrize(
    ("embeddings", "words"),
    [
        (EMBEDDINGS[:3], "t-SNE needs at least 4 embeddings, found 3"),
        (np.full((5, 2), np.nan, np.float32), "embeddings of mine are not finite"),
        (np.zeros((12_001, 1), np.float32), "expected at most 12000"),
    ],
)
def test_what_cannot_be_projected_is_said(tmp_path, embeddings, words):
    with pytest.raises(ValueError, match=words):
        project(tmp_path, embeddings)
    assert not list(tmp_path.iterdir())
