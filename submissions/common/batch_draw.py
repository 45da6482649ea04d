"""Views whose draw is shared by a whole batch, as BYOL and PixelPro make them as published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from lovt_bench.submissions.common.augment.square import square
from lovt_bench.submissions.common.sampling import Sample
from lovt_bench.submissions.common.seeding import seeded


@dataclass(frozen=True)
class SquareItem:
    """The square of one image, and a number that may decide the draw of the batch it comes into."""

    source_side: int

    def __call__(self, sample: Sample) -> tuple[Tensor, int]:
        """Return (1, source_side, source_side) uint8 and a number drawn for this sample."""
        return square(sample.image, self.source_side), int(torch.randint(2**31, ()))


@contextmanager
def batch_of(items: list[tuple[Tensor, int]]) -> Iterator[Tensor]:
    """Give the images (B, 1, S0, S0) uint8, with torch's generator set by the first item's number for the block.

    So the shared draw depends on which images the batch holds and on the epoch, not on the worker that makes it.
    """
    with seeded(items[0][1]):
        yield torch.stack([image for image, _ in items])
