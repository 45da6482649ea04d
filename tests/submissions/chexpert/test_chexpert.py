"""Supervised pre-training: the normalisation, the rate that follows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from lovt_bench.submissions.chexpert.pretrain import CheXpert, Settings
from lovt_bench.submissions.common.classifier import LabelledView
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.sampling import Sample
from tests.submissions.small_runs import fit, small
from tests.submissions.tiny_corpus import write_corpus


def test_validation_looks_at_the_whole_image_without_chance():
    sample = Sample(np.full((40, 20), 200, np.uint8), (), np.array([1, 0], np.float32))
    view, labels = LabelledView(32, training=False)(sample)
    assert view[0, :, :4].max() == 0, "padded with black"
    assert labels.tolist() == [1, 0]
    assert torch.equal(view, LabelledView(32, training=False)(sample)[0])


def test_published_normalisation_is_one_half_whatever_the_corpus(tmp_path: Path):
    corpus = Corpus(write_corpus(tmp_path / "corpus", train=4))
    views = torch.randint(0, 256, (2, 1, 32, 32), dtype=torch.uint8)
    for choice, mean, std in (("half", 0.5, 0.5), ("corpus", corpus.pixel_mean, corpus.pixel_std)):
        model = CheXpert(small(Settings, normalisation=choice), corpus, 0).eval()
        images = ((views / 255 - mean) / std).expand(-1, 3, -1, -1)
        expected = model.classify(model.backbone(images)[32].mean((2, 3)))
        assert torch.allclose(model.logits(views), expected, atol=1e-5)


def test_loss_is_the_plain_mean_over_batch_and_labels(tmp_path: Path):
    corpus = Corpus(write_corpus(tmp_path / "corpus", train=4))
    model = CheXpert(small(Settings), corpus, 0).eval()
    model.log = lambda *_, **__: None  # type: ignore[method-assign]
    views = torch.randint(0, 256, (3, 1, 32, 32), dtype=torch.uint8)
    labels = torch.tensor(np.random.default_rng(0).integers(0, 2, (3, 5)), dtype=torch.float32)
    p = model.logits(views).double().sigmoid()
    expected = -(labels * p.log() + (1 - labels) * (1 - p).log()).mean()
    assert model.training_step((views, labels), 0).item() == pytest.approx(expected.item(), rel=1e-5)
    assert functional.binary_cross_entropy(p, labels.double()).item() == pytest.approx(expected.item())


@pytest.mark.slow
def test_the_epoch_with_the_best_auroc_is_left_and_the_rate_halves_without_a_better_one(tmp_path: Path):
    corpus = Corpus(write_corpus(tmp_path / "corpus", train=8, validation=8))
    settings = small(Settings, batch_size=4, max_epochs=6, plateau_patience=0)
    model = CheXpert(settings, corpus, 0)
    values: list[float] = []
    rates: list[float] = []

    def note() -> None:
        values.append(float(model.trainer.callback_metrics["val/auroc"]))
        rates.append(model.trainer.optimizers[0].param_groups[0]["lr"])

    model.on_train_epoch_end = note  # type: ignore[method-assign]
    result = fit(model, tmp_path)
    assert result.monitored == pytest.approx(max(values))
    assert result.best_epoch == int(np.argmax(values))
    best, rate = -1.0, settings.learning_rate
    for value, used in zip(values, rates, strict=True):
        assert used in (pytest.approx(rate), pytest.approx(rate / 2))
        if value > best * (1 + 1e-4):
            best = value
        else:
            rate /= 2
    assert len(values) == 6


def test_published_sizes_and_rates():
    settings = Settings()
    assert (settings.batch_size, settings.learning_rate, settings.weight_decay) == (64, 3e-4, 1e-6)
    assert (settings.plateau_factor, settings.plateau_patience, settings.patience) == (0.5, 3, 10)
    assert (settings.schedule, settings.max_epochs, settings.min_delta) == ("plateau", 100, 1e-5)
