"""Memory as it is fastest here: layout of tensors by device, and freed memory kept in the process.

Measured in docs/performance.md; the choices live in this file only.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import gc
from collections.abc import Callable

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
    mallopt = _libc("mallopt")
    if mallopt is None:
        return False
    kept = all([mallopt(_M_MMAP_THRESHOLD, _LARGEST), mallopt(_M_TRIM_THRESHOLD, _LARGEST)])
    logger.debug("malloc keeps freed memory: %s", kept)
    return kept


def release_memory() -> None:
    """Free what a finished run left: its modules form cycles, and freed blocks are kept (`keep_freed_memory`)."""
    gc.collect()
    trim = _libc("malloc_trim")
    if trim is not None:
        trim(0)


def _libc(function: str) -> Callable[..., int] | None:
    name = ctypes.util.find_library("c")
    return getattr(ctypes.CDLL(name), function, None) if name else None
