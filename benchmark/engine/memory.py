"""Memory as it is fastest here: layout of tensors by device, and freed memory kept in the process.

Measured in docs/performance.md; the choices live in this file only.
"""

from __future__ import annotations

import ctypes
import ctypes.util

import torch

from benchmark.log import logger

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST = 2**31 - 1


def training_format(device: torch.device) -> torch.memory_format:
    """Return the layout of weights and feature levels in training: channels last on CUDA, contiguous on a CPU."""
    return torch.channels_last if device.type == "cuda" else torch.contiguous_format


def keep_freed_memory() -> bool:
    """Make malloc keep large freed blocks for the next step instead of asking the kernel for fresh pages.

    Gradients of a U-Net head are 500 MB; without this every step pays for faulting them in again. Acts on the whole
    process and on glibc only; returns whether it took effect.
    """
    name = ctypes.util.find_library("c")
    mallopt = getattr(ctypes.CDLL(name), "mallopt", None) if name else None
    if mallopt is None:
        return False
    kept = all([mallopt(_M_MMAP_THRESHOLD, _LARGEST), mallopt(_M_TRIM_THRESHOLD, _LARGEST)])
    logger.debug("malloc keeps freed memory: %s", kept)
    return kept
