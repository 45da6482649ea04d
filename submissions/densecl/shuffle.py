"""Keys are computed in batches that ranks have mixed, so that batch statistics tell no query its key (MoCo)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lovt_bench.submissions.common.distributed import gather_with_gradient, rank, world_size
from lovt_bench.submissions.common.seeding import MIX, permutation


@torch.no_grad()
def in_mixed_batches(
    network: Callable[[Tensor], tuple[Tensor, ...]], images: Tensor, *keys: int
) -> tuple[Tensor, ...]:
    """Return what `network` makes of this rank's images, each seen beside images of other ranks.

    Args:
        network: Images (B, …) to tensors of B rows each.
        images: (B, …) of this rank, as many on each.
        keys: Decide the order, which is the same on all ranks.
    """
    if world_size() == 1:
        return network(images)
    every = gather_with_gradient(images)
    order = torch.from_numpy(permutation(len(every), MIX, *keys)).to(images.device)
    mine = slice(rank() * len(images), (rank() + 1) * len(images))
    back = order.argsort()[mine]
    return tuple(gather_with_gradient(rows)[back] for rows in network(every[order[mine]]))
