"""Which samples a step sees, in which order, and what is drawn for each of them.

The order depends on (seed, epoch), a sample's draws on (seed, split, epoch, row): not on workers, not on history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.seeding import ORDER, SAMPLE, permutation, seeded

Unit = Literal["study", "image"]
"""A sample is a study with one of its frontal views, drawn uniformly each time; or an image."""


@dataclass(frozen=True)
class Sample:
    """One sample before augmentation.

    Attributes:
        image: (H, W) uint8 grey, a view into a memory map: never written to.
        sentences: The report of the study in order; () where the corpus has none.
        labels: (L,) float32 of 0 and 1; empty where the corpus has none.
        masks: (2, L, h, w) bool, masks and filled boxes of each label; None where the corpus has none.
    """

    image: np.ndarray
    sentences: tuple[str, ...]
    labels: np.ndarray
    masks: np.ndarray | None = None


Transform = Callable[[Sample], Any]


class CorpusDataset(Dataset[Any]):
    """Samples of one split, transformed; indexed by (epoch, position)."""

    def __init__(self, corpus: Corpus, split: SplitName, unit: Unit, transform: Transform, seed: int) -> None:
        self.corpus = corpus
        self.unit = unit
        self.transform = transform
        self.rows = corpus.studies(split) if unit == "study" else corpus.images(split)
        self._key = (seed, SAMPLE, SPLIT_NAMES.index(split))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: tuple[int, int]) -> Any:
        epoch, position = index
        row = int(self.rows[position])
        with seeded(*self._key, epoch, row):
            return self.transform(self._sample(row))

    def _sample(self, row: int) -> Sample:
        if self.unit == "image":
            study, image = self.corpus.study_of(row), row
        else:
            views = self.corpus.images_of(row)
            study, image = row, views[int(torch.randint(len(views), ()))]
        return Sample(
            self.corpus.image(image),
            self.corpus.sentences(study),
            self.corpus.labels(study),
            self.corpus.masks(image),
        )


class EpochSampler(Sampler[tuple[int, int]]):
    """Yields (epoch, position) of this rank's samples.

    A step of W ranks with B samples each sees the samples of a step of one rank with W · B. With `shuffle`, the end
    of an epoch that fills no step of all ranks is left out; without, samples are dealt out in turn and the first
    ones repeated until all ranks have equally many.
    """

    def __init__(
        self, count: int, batch_size: int, seed: int, *, shuffle: bool, rank: int = 0, world_size: int = 1
    ) -> None:
        self.count, self.batch_size, self.seed, self.shuffle = count, batch_size, seed, shuffle
        self.rank, self.world_size = rank, world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        if self.shuffle:
            return self.count // (self.batch_size * self.world_size) * self.batch_size
        return -(-self.count // self.world_size)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order = (
            permutation(self.count, self.seed, ORDER, self.epoch) if self.shuffle else np.arange(self.count)
        )
        if self.shuffle:
            step = self.batch_size * self.world_size
            blocks = order[: self.count // step * step].reshape(-1, self.world_size, self.batch_size)
            own = blocks[:, self.rank].reshape(-1)
        else:
            own = np.resize(order, len(self) * self.world_size)[self.rank :: self.world_size]
        return iter([(self.epoch, int(position)) for position in own])


def make_loader(
    dataset: CorpusDataset,
    batch_size: int,
    collate: Callable[[list[Any]], Any],
    *,
    seed: int,
    training: bool,
    workers: int = 0,
    rank: int = 0,
    world_size: int = 1,
) -> DataLoader[Any]:
    """Return a loader: training shuffles and drops an incomplete last batch, validation does neither."""
    sampler = EpochSampler(len(dataset), batch_size, seed, shuffle=training, rank=rank, world_size=world_size)
    return DataLoader(
        dataset,
        batch_size=batch_size,
        sampler=sampler,
        drop_last=training,
        collate_fn=collate,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
    )
