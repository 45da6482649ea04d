"""Contrastive candidates of all ranks, with gradient."""

from __future__ import annotations

import torch
from torch import Tensor
from torch import distributed as dist
from torch.distributed.nn.functional import all_gather
from torch.nn import functional


def world_size() -> int:
    """Return how many ranks train together; 1 where nothing is distributed."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return this process's rank; 0 where nothing is distributed."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def gather_with_gradient(rows: Tensor) -> Tensor:
    """Return (W · B, d), the rows (B, d) of all W ranks in the order of ranks; gradients flow back to each.

    DDP averages gradients over ranks, and a gathered row receives gradients from all of them; the mean of the
    ranks' losses then has the gradient of the loss of one process with W · B rows.
    """
    if world_size() == 1:
        return rows
    return torch.cat(all_gather(rows))


def gather_padded(rows: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return (W · B, N', d) and (W · B, N'), the rows (B, N, d) and masks (B, N) of all ranks; gradients flow back.

    N may differ between ranks; N' is the largest of them, and what is added is zeros outside of the mask.
    """
    if world_size() == 1:
        return rows, mask
    longest = torch.tensor(rows.shape[1], device=rows.device)
    dist.all_reduce(longest, op=dist.ReduceOp.MAX)
    missing = int(longest) - rows.shape[1]
    present = functional.pad(mask.to(rows.dtype), (0, missing))
    return (
        gather_with_gradient(functional.pad(rows, (0, 0, 0, missing))),
        gather_with_gradient(present) > 0,
    )
