"""The feature cache: what is stored is what the backbone gives, and nothing is extracted twice."""

import logging

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.engine import features
from lovt_bench.benchmark.engine.features import FeatureCache
from lovt_bench.benchmark.engine.inputs import Images, frozen_features
from tests.benchmark.engine.world import TinyBackbone, tiny_store

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tiny_store(tmp_path_factory.mktemp("world"), "rsna")


@pytest.fixture
def cache(store, tmp_path):
    return FeatureCache(tmp_path, "a" * 64, None, store, 224, half=True)


def test_stored_features_are_the_backbones_in_half_precision(cache, store):
    backbone = TinyBackbone().eval()
    cache.extract(backbone, "test", 5, [4, 32], CPU)
    images = Images(store.images[store.rows("test")], store.manifest.pixel_statistics, CPU)
    expected = frozen_features(backbone, images.image(torch.arange(5)))
    for stride, level in cache.load("test", 5, [4, 32]).items():
        assert level.dtype == np.float16
        np.testing.assert_allclose(level, expected[stride].numpy(), rtol=1e-3, atol=1e-6)


def test_rows_that_are_there_are_not_missing_and_more_rows_are(cache):
    cache.extract(TinyBackbone().eval(), "train", 4, [32], CPU)
    assert cache.missing("train", 4, [32]) == []
    assert cache.missing("train", 3, [32]) == []
    assert cache.missing("train", 5, [32]) == [32]
    assert cache.missing("train", 4, [16, 32]) == [16]


def test_whatever_the_numbers_depend_on_changes_the_folder(store, tmp_path):
    def folder(sha="a" * 64, seed=None, side=224, half=True, autocast=False, library="torch"):
        return FeatureCache(tmp_path, sha, seed, store, side, half, autocast, library).folder

    folders = {
        folder(),
        folder("b" * 64),
        folder(seed=1),
        folder(seed=2),
        folder(side=64),
        folder(half=False),
        folder(autocast=True),
        folder(library="onnxruntime"),
    }
    assert len(folders) == 8


def test_one_decision_serves_all_splits_and_is_made_on_the_same_images(store, tmp_path, monkeypatch):
    seen, choose = [], features.choose_backend

    def watched(backbone, image, library):
        seen.append((image.clone(), library))
        return choose(backbone, image, library)

    monkeypatch.setattr(features, "choose_backend", watched)
    backbone = TinyBackbone().eval()
    for splits in (("test", "train"), ("validation",)):
        cache = FeatureCache(tmp_path, "a" * 64, None, store, 64, half=True)
        for split in splits:
            cache.extract(backbone, split, 3, [32], CPU)
    assert [library for _, library in seen] == ["torch", "torch"]
    assert torch.equal(seen[0][0], seen[1][0])
    assert cache.libraries(["test", "train", "validation"], [32]) == {f"torch {torch.__version__}"}


def test_the_same_features_of_an_older_format_are_removed_with_a_word(store, tmp_path, monkeypatch, caplog):
    backbone = TinyBackbone().eval()

    def extracted(**changes):
        cache = FeatureCache(tmp_path, "a" * 64, None, store, 64, half=True, **changes)
        cache.extract(backbone, "test", 3, [32], CPU)
        return cache.folder

    with monkeypatch.context() as before:
        before.setattr(features, "_FORMAT", 2)
        old, other = extracted(), extracted(autocast=True)
    with caplog.at_level(logging.WARNING):
        new = [extracted(), extracted(library="onnxruntime")]
    assert not old.exists()
    assert other.exists()
    assert all(folder.exists() for folder in new)
    assert f"{old}: of an older format" in caplog.text


@pytest.mark.parametrize("value", [1e6, float("nan")])
def test_features_beyond_half_precision_are_refused_and_leave_no_file(cache, value):
    backbone = TinyBackbone().eval()
    with torch.no_grad():
        backbone.get_parameter("stages.4.1.bias").fill_(value)
    with pytest.raises(ValueError, match="backbone check"):
        cache.extract(backbone, "train", 4, [32], CPU)
    assert not list(cache.folder.glob("*.npy"))
    assert cache.missing("train", 4, [32]) == [32]
