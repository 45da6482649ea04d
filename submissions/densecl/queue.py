"""The queue of keys that queries are told from: the latest ones of all ranks, first in, first out."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lovt_bench.submissions.common.distributed import gather_with_gradient


class KeyQueue(nn.Module):
    """Keys of unit length and the place of the next one: buffers, so that a checkpoint holds both.

    It begins with directions drawn at random, as MoCo's does.
    """

    keys: Tensor
    """(length, d) float32."""
    place: Tensor
    """() int64, row that the next key takes."""

    def __init__(self, length: int, dimension: int) -> None:
        super().__init__()
        self.register_buffer("keys", functional.normalize(torch.randn(length, dimension), dim=1))
        self.register_buffer("place", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def add(self, keys: Tensor) -> None:
        """Let new keys take the places of the oldest.

        Args:
            keys: (B, d) of this rank, unit length. Those of all ranks go in, in the order of ranks; of more keys
                than the queue is long, the last ones.
        """
        length = len(self.keys)
        new = gather_with_gradient(keys)[-length:].to(self.keys)
        rows = (self.place + torch.arange(len(new), device=self.keys.device)) % length
        self.keys[rows] = new
        self.place.copy_((self.place + len(new)) % length)
