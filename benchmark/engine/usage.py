"""What a run costs a machine beside time: peak memory, and energy where the GPU reports it.

On CUDA the memory is what torch allocated on the device at most; on a CPU it is the peak resident set of the process
(`VmHWM`), which counts the pages of memory-mapped features and images that the kernel kept for it, and the libraries.
Energy is that of the whole GPU by NVML's counter (Volta and later), whoever used it: one worker per GPU makes it the
run's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from lovt_bench.benchmark.engine.nvml import nvml_device

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


ENERGY_SOURCE: Literal["nvml"] = "nvml"
"""How energy is measured, for records."""


@dataclass(frozen=True)
class Usage:
    """Cost of a run; None where it is not known."""

    peak_host_bytes: int | None = None
    peak_device_bytes: int | None = None
    energy_joules: float | None = None

    @property
    def peak_memory_bytes(self) -> int | None:
        """Peak of the memory that computed: of the device, on a CPU of the process."""
        return self.peak_host_bytes if self.peak_device_bytes is None else self.peak_device_bytes


class UsageMeter:
    """Measures from its making on.

    Args:
        device: Where the run computes.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._counter = _energy_counter(device)
        self._start = self._counter() if self._counter else None
        self._reset = _reset_peak()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def read(self, share: float = 1.0) -> Usage:
        """Return peak memory since the start and this share of the energy since then."""
        energy = None
        if self._counter is not None and self._start is not None:
            used = share * (self._counter() - self._start)
            # A driver that is loaded anew begins at 0 again: no record could hold that, and the run would be lost.
            energy = round(used, 1) if 0 <= used < 1e12 else None
        on_cuda = self._device.type == "cuda"
        return Usage(
            _peak_resident() if self._reset else None,
            int(torch.cuda.max_memory_allocated(self._device)) if on_cuda else None,
            energy,
        )


def _reset_peak() -> bool:
    """Begin a new peak of the resident set; False where the kernel does not allow it."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return False
    return True


def _peak_resident() -> int | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    peak = next((line.split()[1] for line in lines if line.startswith("VmHWM:")), None)
    return 1024 * int(peak) if peak else None


def _energy_counter(device: torch.device) -> Any:
    """Return a function that gives the GPU's energy in joules since its driver was loaded, None without NVML."""
    if device.type != "cuda":
        return None
    try:
        pynvml, handle = nvml_device(device)
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:
        # No package, no driver, a GPU without the counter, a slice of a GPU: energy is then not known.
        return None
    return lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000
