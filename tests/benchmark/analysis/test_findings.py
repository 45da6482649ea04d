"""What is to be seen on images: the last class, and the share of each region."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.analysis.corpus_store import CorpusStudies
from lovt_bench.benchmark.analysis.findings import (
    NOTHING,
    findings_of_corpus,
    findings_of_dataset,
    region_shares,
)
from tests.benchmark.data.small_store import write_store

IMAGES = np.zeros((4, 224, 224), np.uint8)


def test_the_class_of_an_image_is_its_last_mask(tmp_path):
    masks = np.zeros((4, 2, 224, 224), np.uint8)
    masks[1, 0, :7, :7] = masks[2, :, 0, 0] = masks[3, 1, 5, 5] = 1
    store = write_store(tmp_path / "s", images=IMAGES, split_of=["test"] * 4, masks=masks, classes=["a", "b"])
    found = findings_of_dataset(store, np.arange(4), 2)
    assert found is not None
    assert found.classes == [NOTHING, "a", "b", "b"]
    assert found.foreground is not None
    np.testing.assert_array_equal(found.foreground, masks[:2].any(1))


def test_boxes_count_where_there_are_no_masks(tmp_path):
    boxes = [np.zeros((0, 4)), np.array([[0, 0, 112, 56]]), np.zeros((0, 4)), np.zeros((0, 4))]
    store = write_store(tmp_path / "s", images=IMAGES, split_of=["test"] * 4, boxes=boxes, classes=["a"])
    found = findings_of_dataset(store, np.arange(4), 4)
    assert found is not None
    assert found.foreground is not None
    assert found.classes == [NOTHING, "a", NOTHING, NOTHING]
    assert region_shares(found.foreground, (2, 2))[1].tolist() == [[0.5, 0], [0, 0]]


def test_a_store_without_targets_has_none(tmp_path):
    assert findings_of_dataset(write_store(tmp_path / "s", images=IMAGES), np.arange(4), 4) is None


def test_the_class_of_a_study_is_its_last_label():
    labels = np.array([[0, 0], [1, 1], [1, 0], [0, 1]], np.float32)
    found = findings_of_corpus(CorpusStudies((), labels, ("a", "b")), 3)
    assert found is not None
    assert found.classes == [NOTHING, "b", "a"]
    assert findings_of_corpus(CorpusStudies((), labels[:, :0], ()), 3) is None


def test_every_pixel_of_a_region_counts():
    foreground = np.random.default_rng(0).random((2, 224, 224)) < 0.3
    expected = foreground.reshape(2, 7, 32, 7, 32).mean((2, 4))
    np.testing.assert_allclose(region_shares(foreground, (7, 7)), expected)
