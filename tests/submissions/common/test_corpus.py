"""A corpus is read as its format says; what does not fit is refused before training starts."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.errors import PretrainingError
from tests.submissions.tiny_corpus import write_corpus


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpora") / "tiny", train=7, validation=3, test=2)


def test_images_lie_where_the_table_says(root: Path) -> None:
    corpus = Corpus(root)
    table = pd.read_parquet(root / "images.parquet")
    raw = np.load(root / "pixels.npy")
    for row, line in enumerate(table.to_dict("records")):
        expected = raw[line["offset"] :][: line["height"] * line["width"]].reshape(
            line["height"], line["width"]
        )
        assert np.array_equal(corpus.image(row), expected)
        assert corpus.study_of(row) == line["study"]
        assert row in corpus.images_of(line["study"])


def test_pixels_are_a_read_only_map(root: Path) -> None:
    image = Corpus(root).image(0)
    with pytest.raises(ValueError, match="read-only"):
        image[0, 0] = 1


@pytest.mark.parametrize(
    ("fraction", "studies", "images"), [(1.0, 7, 9), (0.3, 2, 3), (0.5, 4, 4), (0.01, 0, 0)]
)
def test_fraction_counts_studies_and_images_separately_from_the_front(
    root: Path, fraction: float, studies: int, images: int
) -> None:
    corpus = Corpus(root, fraction)
    assert corpus.studies("train").tolist() == list(range(studies))
    assert corpus.images("train").tolist() == list(range(images))
    assert len(corpus.studies("validation")) == 3, "validation is complete at every fraction"


def test_workers_get_a_copy_without_the_map(root: Path) -> None:
    corpus = Corpus(root)
    corpus.image(0)
    again = pickle.loads(pickle.dumps(corpus))
    assert len(pickle.dumps(corpus)) < 60_000
    assert np.array_equal(again.image(3), corpus.image(3))


def test_missing_corpus_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(PretrainingError, match="lovt-bench corpus prepare"):
        Corpus(tmp_path / "none")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda root: (root / "images.parquet").write_bytes(b"PAR1"), "images.parquet cannot be read"),
        (lambda root: (root / "studies.parquet").unlink(), "studies.parquet cannot be read"),
        (lambda root: np.save(root / "pixels.npy", np.zeros(10, np.uint8)), "points beyond the end"),
        (lambda root: np.save(root / "pixels.npy", np.zeros((4, 4), np.float32)), "one dimension of uint8"),
        (lambda root: (root / "corpus.json").write_text('{"name": "x"}'), "does not follow the contract"),
    ],
    ids=["table", "no table", "short pixels", "wrong pixels", "manifest"],
)
def test_damaged_corpus_is_refused(tmp_path: Path, damage, message: str) -> None:
    root = write_corpus(tmp_path / "tiny", train=2, validation=1, test=1)
    damage(root)
    with pytest.raises(PretrainingError, match=message):
        Corpus(root)


def test_corpus_without_reports_and_labels(tmp_path: Path) -> None:
    corpus = Corpus(
        write_corpus(tmp_path / "plain", train=2, validation=1, test=1, reports=False, labels=False)
    )
    assert corpus.sentences(0) == ()
    assert corpus.labels(0).shape == (0,)
    assert list(corpus.training_sentences()) == []
