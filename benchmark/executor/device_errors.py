"""What an exception says of memory and of a GPU, in the words of torch, CUDA's libraries and onnxruntime.

Judged by name and text: this room imports no torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

Memory = Literal["gpu", "host"]

FULL: dict[Memory, str] = {
    "gpu": "needs more memory than its GPU has free: have fewer --workers on a GPU, end what else uses it "
    "(`nvidia-smi` shows it), or take a GPU with more memory",
    "host": "needs more memory than the machine or --max-memory allows: give more, have fewer --workers, or close "
    "other programs",
}
"""What happened and what to do."""

_GPU_FULL = (
    *("CUDA out of memory", "CUDA error: out of memory", "CUDA failure 2:", "cudaErrorMemoryAllocation"),
    *(
        "CUBLAS_STATUS_ALLOC_FAILED",
        "CUDNN_STATUS_ALLOC_FAILED",
        "CUFFT_ALLOC_FAILED",
        "CUSOLVER_STATUS_ALLOC_FAILED",
    ),
)
_HOST_FULL = (
    *(
        "can't allocate memory",
        "not enough memory: you tried to allocate",
        "Cannot allocate memory",
        "bad_alloc",
    ),
    *("could not create a primitive", "could not create a memory object", "bad allocation"),
)
_ARENA = ("Failed to allocate memory for requested buffer", "BFCArena", "bfc_arena")
"""What onnxruntime says of either memory."""

_BROKEN = re.compile(
    r"CUDA error|CUDA failure \d|CUDA driver error|cuDNN error|device-side assert|"
    r"\b(?:CUDNN_STATUS|CUBLAS|CUFFT|CUSOLVER|CUSPARSE)_[A-Z]"
)
_REFUSED = re.compile(
    r"_NOT_SUPPORTED|_BAD_PARAM|_INVALID_VALUE|_ARCH_MISMATCH|_INVALID_SIZE|no kernel image is available|"
    r"invalid device ordinal|no CUDA-capable device|driver version is insufficient"
)
"""Signs of a call that the library refuses again and again although the process is sound."""


def full_memory(error: BaseException) -> Memory | None:
    """Return which memory was too small for an allocation that failed; None where nothing says so."""
    for one in _with_causes(error):
        text = str(one)
        if _is_torch(one, "OutOfMemoryError") or any(words in text for words in _GPU_FULL):
            return "gpu"
        if any(words in text for words in _ARENA):
            return "gpu" if "cuda" in text.lower() else "host"
        if isinstance(one, MemoryError) or any(words in text for words in _HOST_FULL):
            return "host"
    return None


def broken_gpu(error: BaseException) -> bool:
    """Whether a GPU's context may be broken: every later call of this process would then fail, whatever it asks.

    Full memory is no such error, nor is a call that the library refuses.
    """
    if full_memory(error):
        return False
    return any(
        (_is_torch(one, "AcceleratorError") or _BROKEN.search(str(one))) and not _REFUSED.search(str(one))
        for one in _with_causes(error)
    )


def first_line(error: BaseException) -> str:
    """Return what happened without the advice of libraries, which goes over many lines."""
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else type(error).__name__


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__


def _is_torch(error: BaseException, name: str) -> bool:
    return any(
        kind.__module__.split(".")[0] == "torch" and kind.__name__ == name for kind in type(error).__mro__
    )
