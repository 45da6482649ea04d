"""SimCLR: views, head and loss of a step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.losses.nt_xent import nt_xent
from lovt_bench.submissions.common.sampling import CorpusDataset, make_loader
from lovt_bench.submissions.simclr.pretrain import Settings, SimCLR
from tests.submissions.small_runs import fit, small
from tests.submissions.tiny_corpus import write_corpus


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(write_corpus(tmp_path / "corpus", train=6, validation=0, test=0))


def test_views_are_drawn_for_each_image_and_view(corpus: Corpus):
    corpus._shapes = np.tile(corpus._shapes.min(axis=0), (len(corpus._shapes), 1))
    corpus._offsets = 0 * corpus._offsets
    model = SimCLR(small(Settings), corpus, 0)
    dataset = CorpusDataset(corpus, "train", "image", model.training_transform(), 0)
    views = torch.cat(next(iter(make_loader(dataset, 3, model.collate(), seed=0, training=True))))
    assert views.shape == (6, 1, 32, 32)
    assert len({tuple(view.flatten().tolist()) for view in views}) == 6, "six draws of one image"


def test_head_has_neither_bias_nor_batch_norm(corpus: Corpus):
    head = SimCLR(small(Settings), corpus, 0).projector
    assert [tuple(parameter.shape) for parameter in head.parameters()] == [(512, 512), (128, 512)]
    assert not list(head.buffers())


def test_batch_norm_sees_one_view_at_a_time(corpus: Corpus, tmp_path: Path):
    model = SimCLR(small(Settings, batch_size=4, max_epochs=1), corpus, 0).train()
    batch = (torch.rand(4, 1, 32, 32), 0.2 * torch.rand(4, 1, 32, 32))
    model.log = lambda *_, **__: None  # type: ignore[method-assign]
    first, second = (model.projector(model.features(model.network_input(view))) for view in batch)
    together = model.projector(model.features(model.network_input(torch.cat(batch))))
    got = model.training_step(batch, 0)
    assert torch.allclose(got, nt_xent(first, second, 0.1))
    assert not torch.allclose(got, nt_xent(together[:4], together[4:], 0.1), atol=1e-3)


def test_it_learns_after_the_first_epoch(corpus: Corpus, tmp_path: Path):
    model = SimCLR(small(Settings, batch_size=4, max_epochs=2), corpus, 0)
    before = next(model.projector.parameters()).detach().clone()
    result = fit(model, tmp_path)
    assert result.best_epoch is None, "the last epoch is exported"
    assert not torch.equal(next(model.projector.parameters()), before)


def test_published_sizes_and_rates():
    settings = Settings()
    assert (settings.batch_size, settings.learning_rate, settings.weight_decay) == (128, 3e-4, 1e-4)
    assert (settings.temperature, settings.projection, settings.gather_negatives) == (0.1, 128, False)
