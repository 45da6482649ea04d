"""Randomness of a run, all of it from the run's seed: initialisation and the order of training images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the CPU generator inside the block and restore its state after it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def epoch_order(seed: int, epoch: int, images: int) -> torch.Tensor:
    """Return a permutation of `images` rows, int64, that depends on seed and epoch alone."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return torch.randperm(images, generator=generator)


def train_batches(seed: int, epoch: int, images: int, batch_size: int, drop_last: bool) -> list[torch.Tensor]:
    """Return the row indices of each training batch of an epoch."""
    batches = list(epoch_order(seed, epoch, images).split(batch_size))
    if drop_last and len(batches[-1]) < batch_size:
        batches.pop()
    return batches


def ordered_batches(images: int, batch_size: int) -> list[torch.Tensor]:
    """Return the row indices of validation or test batches: stored order, nothing dropped."""
    return list(torch.arange(images).split(batch_size))
