"""What a step sees depends on seed, epoch and row alone: not on workers, ranks or what was drawn before."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.sampling import CorpusDataset, EpochSampler, Sample, make_loader
from tests.submissions.tiny_corpus import write_corpus


def draw(sample: Sample) -> torch.Tensor:
    """A view's shape and a number from torch's generator."""
    return torch.tensor([*sample.image.shape, float(torch.rand(()))])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(write_corpus(tmp_path_factory.mktemp("corpora") / "tiny", train=10))


def epoch_of(corpus: Corpus, epoch: int, workers: int = 0, seed: int = 1) -> torch.Tensor:
    loader = make_loader(
        CorpusDataset(corpus, "train", "study", draw, seed),
        4,
        torch.stack,
        seed=seed,
        training=True,
        workers=workers,
    )
    assert isinstance(loader.sampler, EpochSampler)
    loader.sampler.set_epoch(epoch)
    return torch.cat(list(loader))


def test_epochs_and_seeds_differ_and_repeat(corpus: Corpus) -> None:
    assert torch.equal(epoch_of(corpus, 2), epoch_of(corpus, 2))
    assert not torch.equal(epoch_of(corpus, 2), epoch_of(corpus, 3))
    assert not torch.equal(epoch_of(corpus, 2), epoch_of(corpus, 2, seed=2))
    assert len(epoch_of(corpus, 0)) == 8, "an incomplete last batch is dropped"


@pytest.mark.slow
def test_loader_processes_change_nothing(corpus: Corpus) -> None:
    assert torch.equal(epoch_of(corpus, 1), epoch_of(corpus, 1, workers=2))


def test_drawing_leaves_the_generator_of_the_training_alone(corpus: Corpus) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    CorpusDataset(corpus, "train", "study", draw, 1)[0, 0]
    assert torch.equal(torch.get_rng_state(), before)


def test_a_study_with_two_views_shows_both_over_epochs(corpus: Corpus) -> None:
    dataset = CorpusDataset(corpus, "train", "study", draw, 1)
    widths = {float(dataset[epoch, 2][1]) for epoch in range(20)}
    assert widths == {48.0, 54.0}


def test_image_unit_has_one_sample_per_view(corpus: Corpus) -> None:
    assert len(CorpusDataset(corpus, "train", "image", draw, 1)) == 13
    assert len(CorpusDataset(corpus, "train", "study", draw, 1)) == 10


@given(count=st.integers(1, 60), batch=st.integers(1, 5), world=st.integers(1, 4), epoch=st.integers(0, 3))
def test_ranks_share_the_steps_of_one_process(count: int, batch: int, world: int, epoch: int) -> None:
    ranks = [EpochSampler(count, batch, 7, shuffle=True, rank=r, world_size=world) for r in range(world)]
    single = EpochSampler(count, batch * world, 7, shuffle=True)
    for sampler in (*ranks, single):
        sampler.set_epoch(epoch)
    orders = [[position for _, position in sampler] for sampler in ranks]
    whole = [position for _, position in single]
    steps = len(whole) // (batch * world)
    assert all(
        len(order) == len(sampler) == steps * batch for order, sampler in zip(orders, ranks, strict=True)
    )
    for step in range(steps):
        together = [p for order in orders for p in order[step * batch : (step + 1) * batch]]
        assert together == whole[step * batch * world : (step + 1) * batch * world]


@given(count=st.integers(1, 40), world=st.integers(1, 4))
def test_validation_shows_every_sample_on_some_rank(count: int, world: int) -> None:
    samplers = [EpochSampler(count, 3, 7, shuffle=False, rank=r, world_size=world) for r in range(world)]
    orders = [[position for _, position in sampler] for sampler in samplers]
    assert {position for order in orders for position in order} == set(range(count))
    assert len({len(order) for order in orders}) == 1
    if world == 1:
        assert orders[0] == list(np.arange(count))
