"""PixelPro: as published nothing is learnt; with a warm-up and on conv5 it is PixPro."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.pixelpro.pretrain import RATE_IS_ZERO, PixelPro, Settings
from tests.submissions.small_runs import fit, small
from tests.submissions.tiny_corpus import write_corpus

SIZES: dict[str, Any] = {"hidden": 16, "projection": 8, "batch_size": 3}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(write_corpus(tmp_path / "corpus", train=6, validation=0, test=0))


def test_as_published_only_batch_norm_statistics_change(
    corpus: Corpus, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    model = PixelPro(small(Settings, **SIZES, max_epochs=3), corpus, 0)
    before = {name: value.clone() for name, value in model.backbone.state_dict().items()}
    fit(model, tmp_path)
    changed = {n for n, value in model.backbone.state_dict().items() if not torch.equal(value, before[n])}
    assert changed == {name for name, _ in model.backbone.named_buffers()}
    assert RATE_IS_ZERO in model.notes
    assert RATE_IS_ZERO in caplog.text


def test_with_a_warmup_it_learns_and_says_nothing(
    corpus: Corpus, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    model = PixelPro(small(Settings, **SIZES, max_epochs=2, warmup_epochs=1), corpus, 0)
    before = model.backbone.state_dict()["conv1.weight"].clone()
    fit(model, tmp_path)
    assert not torch.equal(model.backbone.state_dict()["conv1.weight"], before)
    assert RATE_IS_ZERO not in caplog.text
    assert not model.notes


@pytest.mark.parametrize(("layer", "places"), [("avgpool", 1), ("conv5", 2)])
def test_map_is_one_place_on_the_average_pool_and_more_on_conv5(corpus: Corpus, layer: str, places: int):
    settings = small(Settings, **SIZES, layer=layer, image_side=64, source_side=80)
    model = PixelPro(settings, corpus, 0)
    images = [(torch.randint(0, 256, (1, 80, 80), dtype=torch.uint8), 5)] * 3
    first, second, pairs = model.collate()(images)
    assert first.shape == second.shape == (3, 1, 64, 64)
    assert pairs.shape == (places**2, places**2)
    pixel, instance = model.branch(model.backbone.feature_maps(model.network_input(first))[-1])
    assert pixel.shape == (3, 8, places, places)
    assert instance.shape == (3, 8)


def test_cutouts_are_shared_by_a_batch(corpus: Corpus):
    model = PixelPro(small(Settings, **SIZES), corpus, 0)
    image = torch.randint(0, 256, (1, 48, 48), dtype=torch.uint8)
    first, second, _ = model.collate()([(image, 1), (image, 2)])
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first, second)
    other, *_ = model.collate()([(image, 2), (image, 1)])
    assert not torch.equal(first, other)


def test_published_sizes_and_rates():
    settings = Settings()
    assert (settings.batch_size, settings.learning_rate, settings.weight_decay) == (64, 1e-3, 1e-5)
    assert (settings.warmup_epochs, settings.layer, settings.projection) == (0, "avgpool", 512)
    assert (settings.cutout_ratios, settings.flip, settings.threshold) == ((0.6, 0.8), 0.25, 0.7)
