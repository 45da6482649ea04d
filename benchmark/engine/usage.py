"""What a run costs a machine beside time: peak memory, and energy where the GPU reports it.

On CUDA the memory is what torch allocated on the device at most; on a CPU it is the peak resident set of the process
(`VmHWM`), which counts the pages of memory-mapped features and images that the kernel kept for it, and the libraries.
Energy is that of the whole GPU by NVML's counter (Volta and later), whoever used it: one worker per GPU makes it the
run's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Usage:
    """Cost of a run; None where it is not known."""

    peak_memory_bytes: int | None = None
    energy_joules: float | None = None


class UsageMeter:
    """Measures from its making on.

    Args:
        device: Where the run computes.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._counter = _energy_counter(device)
        self._start = self._counter() if self._counter else None
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            self._reset = True
        else:
            self._reset = _reset_peak()

    def read(self, share: float = 1.0) -> Usage:
        """Return peak memory since the start and this share of the energy since then."""
        energy = None
        if self._counter is not None and self._start is not None:
            energy = round(share * (self._counter() - self._start), 1)
        return Usage(self._peak(), energy)

    def _peak(self) -> int | None:
        if self._device.type == "cuda":
            return int(torch.cuda.max_memory_allocated(self._device))
        return _peak_resident() if self._reset else None


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
        import pynvml

        pynvml.nvmlInit()
        uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:
        # No package, no driver, a GPU without the counter, a slice of a GPU: energy is then not known.
        return None
    return lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000
