"""Randomness of a run comes from its seed and from nothing else."""

import torch

from lovt_bench.benchmark.engine.order import epoch_order, ordered_batches, seeded, train_batches


def test_the_order_depends_on_seed_and_epoch():
    orders = {tuple(epoch_order(seed, epoch, 50).tolist()) for seed in (1, 2) for epoch in (0, 1)}
    assert len(orders) == 4
    assert torch.equal(epoch_order(1, 0, 50), epoch_order(1, 0, 50))


def test_every_image_comes_once_in_an_epoch():
    assert sorted(torch.cat(train_batches(3, 2, 50, 8, drop_last=False)).tolist()) == list(range(50))


def test_an_incomplete_batch_is_dropped_in_training_and_kept_in_validation():
    assert [len(batch) for batch in train_batches(3, 0, 50, 8, drop_last=True)] == [8] * 6
    assert [len(batch) for batch in ordered_batches(50, 8)] == [8] * 6 + [2]


def test_seeding_leaves_the_global_generator_as_it_was():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    with seeded(99):
        torch.rand(10)
    assert torch.equal(torch.rand(1), expected)
