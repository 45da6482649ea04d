"""What a measurement was made on, and what that machine can do at best: measured, not looked up."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil
import torch
from torch.utils.flop_counter import FlopCounterMode

from tests.bench.measure import paired

PACKAGES = ("torch", "torchvision", "onnxruntime-gpu", "lightning", "numpy", "pillow", "pydicom")


@dataclass(frozen=True)
class Machine:
    """A machine, in words and in numbers.

    Attributes:
        flops_per_second: Best of a large matrix product and a 3x3 convolution, float32, all threads (on CUDA the
            matrix product in float16, as training computes there).
        bytes_per_second: Bytes of a large copy, read and write counted.
    """

    device: torch.device
    words: str
    versions: str
    flops_per_second: float
    bytes_per_second: float


def look_at_machine(device: torch.device) -> Machine:
    """Measure the machine; seconds."""
    flops, moved = _peaks(device)
    return Machine(device, _words(device), _versions(), flops, moved)


def flops_of(function: Callable[[], object]) -> float:
    """Return the floating-point operations of convolutions and matrix products in a call, backward included."""
    with FlopCounterMode(display=False) as counter:
        function()
    return float(counter.get_total_flops())


def _peaks(device: torch.device) -> tuple[float, float]:
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    side = 8192 if device.type == "cuda" else 1536
    matrix = torch.randn(side, side, device=device, dtype=dtype)
    image = torch.randn(8, 256, 56, 56, device=device, dtype=dtype)
    kernel = torch.randn(256, 256, 3, 3, device=device, dtype=dtype)
    source = torch.zeros(2**26, device=device)
    target = torch.zeros_like(source)
    with torch.no_grad():
        work = {
            "matrix": lambda: matrix @ matrix,
            "convolution": lambda: torch.conv2d(image, kernel, padding=1),
            "copy": lambda: target.copy_(source),
        }
        best = paired(work, rounds=8)
        flops = max(flops_of(work[name]) / best[name] for name in ("matrix", "convolution"))
    return flops, 2 * source.nbytes / best["copy"]


def _words(device: torch.device) -> str:
    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB memory"
    cpu = f"{_cpu()}, {len(os.sched_getaffinity(0))} cores, {torch.get_num_threads()} threads, {memory}"
    if device.type != "cuda":
        return f"{cpu}, no GPU used; {torch.backends.cpu.get_cpu_capability()}"
    gpu = torch.cuda.get_device_properties(device)
    return f"{gpu.name} ({gpu.total_memory / 2**30:.0f} GiB), CUDA {torch.version.cuda}; {cpu}"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _versions() -> str:
    return ", ".join(
        [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in PACKAGES)]
    )
