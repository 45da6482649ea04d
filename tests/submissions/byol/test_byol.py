"""BYOL: when the target moves, what a batch shares, and where gradients go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lovt_bench.submissions.byol.pretrain import BYOL, Settings, SharedViews
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.sampling import CorpusDataset, make_loader
from tests.submissions.small_runs import fit, small
from tests.submissions.tiny_corpus import write_corpus

SIZES: dict[str, Any] = {"hidden": 16, "projection": 8}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(write_corpus(tmp_path / "corpus", train=5, validation=0, test=0))


def parts(module: nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


@pytest.mark.parametrize("update", ["before_backward", "after_step"])
def test_target_moves_one_step_late_as_published_or_after_the_step(
    corpus: Corpus, tmp_path: Path, update: str
):
    settings = small(
        Settings, **SIZES, ema_update=update, batch_size=6, max_epochs=1, schedule="constant", ema_decay=0.9
    )
    model = BYOL(settings, corpus, 3)
    for parameter in model.target_projector.parameters():
        nn.init.ones_(parameter)
    online, target = parts(model.projector), parts(model.target_projector)
    fit(model, tmp_path)
    learnt = parts(model.projector)
    assert any(not torch.equal(a, b) for a, b in zip(online, learnt, strict=True))
    followed = online if update == "before_backward" else learnt
    for got, old, new in zip(model.target_projector.parameters(), target, followed, strict=True):
        assert torch.allclose(got, 0.9 * old + 0.1 * new, atol=1e-6)


def test_first_epoch_has_learning_rate_zero_and_adapts_statistics_only(corpus: Corpus, tmp_path: Path):
    model = BYOL(small(Settings, **SIZES, batch_size=3, max_epochs=2), corpus, 3)
    weights, projector = parts(model.backbone), parts(model.projector)
    before = {name: value.clone() for name, value in model.backbone.named_buffers()}
    seen: list[bool] = []

    def compare() -> None:
        if model.current_epoch == 0:
            now = zip(weights + projector, parts(model.backbone) + parts(model.projector), strict=True)
            seen.append(all(torch.equal(a, b) for a, b in now))

    model.on_train_epoch_end = compare  # type: ignore[method-assign]
    fit(model, tmp_path)
    assert seen == [True]
    assert any(not torch.equal(a, b) for a, b in zip(weights, parts(model.backbone), strict=True))
    moved = [name for name, value in model.backbone.named_buffers() if not torch.equal(value, before[name])]
    assert len(moved) == len(before)


def test_target_statistics_follow_its_own_forward_passes(corpus: Corpus, tmp_path: Path):
    model = BYOL(small(Settings, **SIZES, batch_size=3, max_epochs=1), corpus, 3)
    before = {name: value.clone() for name, value in model.target_backbone.named_buffers()}
    fit(model, tmp_path)
    assert all(not torch.equal(value, before[n]) for n, value in model.target_backbone.named_buffers())


def test_all_images_of_a_batch_share_a_draw_and_the_two_views_do_not():
    image = torch.randint(0, 256, (1, 48, 48), dtype=torch.uint8)
    first, second = SharedViews(32)([(image, 7), (image, 8), (image, 9)])
    assert (first == first[:1]).all()
    assert (second == second[:1]).all()
    assert not torch.equal(first, second)
    again, _ = SharedViews(32)([(image, 7)])
    assert torch.equal(again[0], first[0]), "the first image's number decides"


def test_each_image_has_its_own_draw_where_asked(tmp_path: Path):
    corpus = Corpus(write_corpus(tmp_path / "same", train=4, validation=0, test=0))
    corpus._shapes = np.tile(corpus._shapes.min(axis=0), (len(corpus._shapes), 1))
    corpus._offsets = 0 * corpus._offsets
    for shared in (True, False):
        model = BYOL(small(Settings, **SIZES, shared_augmentation=shared), corpus, 0)
        dataset = CorpusDataset(corpus, "train", "image", model.training_transform(), 0)
        first, _ = next(iter(make_loader(dataset, 3, model.collate(), seed=0, training=True)))
        assert first.shape == (3, 1, 32, 32)
        assert bool((first == first[:1]).all()) is shared


def test_published_sizes_and_rates():
    settings = Settings()
    assert (settings.batch_size, settings.learning_rate, settings.weight_decay) == (64, 1e-4, 1e-4)
    assert (settings.hidden, settings.projection, settings.ema_decay) == (4096, 128, 0.99)
    assert (settings.schedule, settings.warmup_epochs, settings.max_epochs) == ("warmup_cosine", 1, 100)
    assert (settings.optimiser, settings.initial_weights, settings.patience) == ("adam", "imagenet", None)
