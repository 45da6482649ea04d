"""Freed memory is kept in the process instead of going back to the kernel page by page.

Measured in docs/performance.md. Acts on glibc only.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import gc
from collections.abc import Callable

from lovt_bench.benchmark.log import logger

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST = 2**31 - 1


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


def leave_out_imports() -> None:
    """Leave all objects that are alive out of later collections: half a million that imports made, 0.4 s each time."""
    gc.collect()
    gc.freeze()


def release_memory(*, to_kernel: bool = True) -> None:
    """Free what a finished run left: its modules form cycles.

    Freed blocks are kept (`keep_freed_memory`) unless they go back to the kernel, which takes the time of faulting them
    in again.
    """
    gc.collect()
    trim = _libc("malloc_trim") if to_kernel else None
    if trim is not None:
        trim(0)


def _libc(function: str) -> Callable[..., int] | None:
    name = ctypes.util.find_library("c")
    return getattr(ctypes.CDLL(name), function, None) if name else None
