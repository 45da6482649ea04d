"""A split of a corpus as an image store: which images, how they become squares, and what is refused."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lovt_bench.benchmark.analysis.corpus_store import corpus_store, corpus_studies
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.tasks.protocol import load_protocol
from tests.submissions.tiny_corpus import write_corpus

RULES = load_protocol("lovt-2022").data


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "tiny", test=3)


def opened(corpus, split="test"):
    return corpus_store(corpus, split, RULES, corpus.parent / "features")


def test_the_first_image_of_each_study_padded_and_resized(corpus):
    store = opened(corpus)
    images, studies = (pd.read_parquet(corpus / name) for name in ("images.parquet", "studies.parquet"))
    pixels = np.load(corpus / "pixels.npy")
    chosen = studies[studies["split"] == "test"]
    assert (chosen["image_count"] > 1).any()
    assert store.ids(store.rows("test")) == chosen["id"].tolist()
    assert len(store) == 3
    for row, first in enumerate(chosen["first_image"]):
        one = images.iloc[first]
        grey = pixels[one["offset"] :][: one["height"] * one["width"]].reshape(one["height"], one["width"])
        longest = max(grey.shape)
        down, across = ((longest - each) // 2 for each in grey.shape)
        square = Image.fromarray(np.pad(grey, ((down, down), (across, across))))
        expected = square.resize((224, 224), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(store.images[row : row + 1][0], np.asarray(expected))
    assert not list((corpus.parent / "features").iterdir())


def test_a_corpus_without_labels_has_none_of_any_study(tmp_path):
    found = corpus_studies(write_corpus(tmp_path / "tiny", test=3, labels=False), "test")
    assert found.labels.shape == (3, 0)
    assert (len(found.reports), found.label_names) == (3, ())


def test_another_corpus_or_split_has_another_identity(corpus, tmp_path):
    other = write_corpus(tmp_path / "other" / "tiny", test=3, seed=1)
    stores = [opened(corpus), opened(corpus, "train"), opened(other)]
    assert len({store.manifest.identity() for store in stores}) == 3
    assert opened(corpus).manifest.identity() == stores[0].manifest.identity()


def test_a_corpus_that_changed_since_is_refused(corpus):
    with (corpus / "pixels.npy").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xfe")
    with pytest.raises(
        DataError, match=r"changed since it was made: pixels\.npy: content differs.*prepare it again"
    ):
        opened(corpus)


def test_an_empty_split_and_no_corpus_are_said(corpus, tmp_path):
    with pytest.raises(DataError, match=r"test split of corpus .* is empty"):
        opened(write_corpus(tmp_path / "empty", test=0))
    with pytest.raises(DataError, match=r"no corpus at .*tinny.*did you mean tiny"):
        opened(corpus.parent / "tinny")


def lie(corpus, table, **values):
    """Give all rows of the test split these values; digests fit: whoever made the corpus lied in all files."""
    path = corpus / f"{table}.parquet"
    content = pd.read_parquet(path)
    for column, value in values.items():
        kind = str(content[column].dtype)
        content[column] = np.where(content["split"] == "test", value, content[column]).astype(kind)
    content.to_parquet(path)
    manifest = json.loads((corpus / "corpus.json").read_text())
    manifest["files"][path.name] = file_sha256(path)
    (corpus / "corpus.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("images", "offset", 10**9),
        ("images", "height", -4),
        ("images", "width", 10**6),
        ("studies", "first_image", 999),
        ("studies", "first_image", -1),
    ],
)
def test_tables_that_lie_are_refused(corpus, table, column, value):
    lie(corpus, table, **{column: value})
    with pytest.raises(DataError, match=r"cannot be read|lies outside"):
        opened(corpus).images[0:1]


def test_a_thin_image_does_not_take_memory_by_the_square_of_its_length(corpus):
    """It lies inside of the file, and is small; padded to a square it would have 400 million pixels."""
    lie(corpus, "images", offset=0, height=1, width=20_000)
    with pytest.raises(DataError, match=r"an image of 1 x 20000 pixels makes too large a square"):
        opened(corpus).images[0:1]


def test_a_file_that_is_missing_is_refused(corpus):
    (corpus / "images.parquet").unlink()
    with pytest.raises(DataError, match=r"images\.parquet: is missing"):
        opened(corpus)
    shutil.rmtree(corpus)
    with pytest.raises(DataError, match=r"no corpus at"):
        opened(corpus)
