"""How many loader processes a run has, as its cores and the shared memory that they hand batches over in allow."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from lovt_bench.submissions.common.errors import SettingsError

SHARED = "/dev/shm"
PREFETCH = 2
"""Batches that each loader process holds ready, PyTorch's default."""
MOST = 20
"""Beyond so many on a node, disks are the limit."""
FEW_SAMPLES = 2000
"""Below, starting processes costs more than they save."""


def wanted(asked: int | None, samples: int, ranks: int, cores: int, *, on_gpu: bool) -> int:
    """Return the loader processes of one rank before memory is looked at.

    Args:
        asked: By the user.
        samples: Samples of the training split.
        ranks: That share this machine.
        cores: That they share.
        on_gpu: Whether training is on one; on a CPU, loading would take its cores.
    """
    if asked is not None:
        return asked
    if samples < FEW_SAMPLES or not on_gpu:
        return 0
    return max(1, min(cores - ranks, MOST) // ranks) if cores > ranks else 0


def fitting(
    processes: int, batch_bytes: int, loaders: int, ranks: int, free: int | None, *, asked: bool
) -> int:
    """Return how many of the loader processes the shared memory holds the batches of.

    Args:
        processes: How many each loader of a rank is to have.
        batch_bytes: Bytes of one batch.
        loaders: How many keep their processes: that of training, and that of validation where there is one.
        ranks: How many share the memory.
        free: Bytes of memory that is free; None: not known.
        asked: Whether the user named the number.

    Raises:
        SettingsError: They do not fit, and the user named their number.
    """
    each = batch_bytes * PREFETCH * loaders * ranks
    if free is None or not each or processes * each <= free:
        return processes
    fits = free // each
    if asked:
        raise SettingsError(
            f"{processes} loader processes need {processes * each / 2**20:,.0f} MiB of {SHARED} for their batches, and "
            f"{free / 2**20:,.0f} are free; --workers {fits}, or more of it (--shm for a container)"
        )
    return fits


def batch_bytes(batch: Any) -> int:
    """Return the bytes of the tensors of a batch, which is what goes through shared memory."""
    return sum(leaf.nbytes for leaf in tree_leaves(batch) if isinstance(leaf, torch.Tensor))


def free_shared_memory() -> int | None:
    """Return the bytes that are free in /dev/shm, None where there is no such thing."""
    try:
        found = os.statvfs(SHARED)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize
