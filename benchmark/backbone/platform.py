"""Takes down what computes here: device, processor and libraries, for run records and backbones."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import torch

from lovt_bench.benchmark.contract.made_with import WORDS_LIMIT, Platform
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.gpu import driver_version

UNKNOWN = "unknown"

_MATH = {
    "mkl": r"Math Kernel Library Version (\S+)",
    "onednn": r"MKL-DNN v(\S+)",
    "openblas": r"BLAS_INFO=(open)",
    "accelerate": r"BLAS_INFO=(accelerate)",
}
"""Parts of `torch.__config__.show()` that tell the version, or that the library is there."""

_PROCESSORS = Path("/proc/cpuinfo")


def platform_of(device: torch.device) -> Platform:
    """Return what computes on the device, as this process is set up now."""
    on_cuda = device.type == "cuda"
    capability = torch.cuda.get_device_capability(device) if on_cuda else None
    cudnn = torch.backends.cudnn.version() if on_cuda else None
    return Platform(
        device_kind="cuda" if on_cuda else "cpu",
        device_name=_words(torch.cuda.get_device_name(device)) if on_cuda else _processor(),
        processor=_processor(),
        threads=torch.get_num_threads(),
        instruction_set=_words(torch.backends.cpu.get_cpu_capability()),
        math_libraries=math_libraries(torch.__config__.show()),
        torch=_words(torch.__version__),
        cuda=_words(torch.version.cuda or UNKNOWN) if on_cuda else None,
        cudnn=_words(str(cudnn)) if cudnn is not None else None,
        driver=driver_version() if on_cuda else None,
        compute_capability=".".join(map(str, capability)) if capability else None,
    )


def math_libraries(configuration: str) -> dict[str, str]:
    """Return the libraries that torch sums with on a CPU, version by name, from `torch.__config__.show()`."""
    found = {name: re.search(pattern, configuration) for name, pattern in _MATH.items()}
    return {name: _words(match[1]) for name, match in found.items() if match}


@cache
def _processor() -> str:
    return _found(_PROCESSORS, r"(?m)^(?:model name|Model)\s*:\s*(.+)$") or UNKNOWN


def _found(path: Path, pattern: str) -> str | None:
    """Return what a file of the kernel tells; None where it is not there or says nothing of it."""
    try:
        match = re.search(pattern, path.read_text(errors="replace"))
    except OSError:
        return None
    return _words(match[1]) if match else None


def _words(text: str) -> str:
    """Return text of a driver or library as a record may hold it."""
    return clean_text(text, WORDS_LIMIT).strip() or UNKNOWN
