"""Target networks: a copy that follows the online network as an exponential moving average."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

NetworkT = TypeVar("NetworkT", bound=nn.Module)


def target_copy(online: NetworkT) -> NetworkT:
    """Return a copy whose parameters get no gradient; it stays in the mode of its owner."""
    target = copy.deepcopy(online)
    target.requires_grad_(False)
    return target


@torch.no_grad()
def update_average(target: nn.Module, online: nn.Module, decay: float) -> None:
    """Set each target parameter to decay * itself + (1 - decay) * the online one.

    Buffers stay: the target's BN statistics come from its own forward passes (pretraining.md section 5).

    Args:
        target: Tensors of the same structure as `online`.
        online: Left as it is.
        decay: In [0, 1].
    """
    old: list[Tensor] = list(target.parameters())
    new: list[Tensor] = [value.detach() for value in online.parameters()]
    if len(old) != len(new):
        raise ValueError(f"target has {len(old)} parameters, online network {len(new)}: not of one structure")
    torch._foreach_lerp_(old, new, 1 - decay)
