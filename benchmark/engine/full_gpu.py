"""A full GPU, said so that something can be done: which one, how much it holds, what else uses it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import torch

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.engine.nvml import nvml_device
from lovt_bench.benchmark.executor.device_errors import full_memory
from lovt_bench.benchmark.executor.job import JobError

_GIB = 2**30
_SHOWN = 5
"""Processes that are named."""


class FullGPUError(JobError):
    """An allocation on a GPU failed; the message says what is known of it."""


@dataclass(frozen=True)
class Process:
    """One that uses a GPU."""

    pid: int
    name: str
    bytes_: int | None
    """None where the driver does not tell."""


@dataclass(frozen=True)
class Occupancy:
    """How full a GPU is, in bytes."""

    name: str
    total: int
    free: int
    own: int
    """What torch holds for this process."""
    others: Sequence[Process] = ()


@contextmanager
def full_gpu_said(device: torch.device, label: str) -> Iterator[None]:
    """Raise `FullGPUError` where an allocation on the GPU failed inside. Other errors pass.

    Args:
        device: That the work is done on.
        label: Whose work it is, for people.
    """
    try:
        yield
    except Exception as error:
        if device.type != "cuda" or full_memory(error) != "gpu":
            raise
        raise FullGPUError(f"{label}: {sentence(occupancy(device), str(error))}") from error


def sentence(found: Occupancy | None, said: str) -> str:
    """Return what happened and what to do.

    Args:
        found: None where the driver does not answer.
        said: By the library whose allocation failed.
    """
    asked = re.search(r"Tried to allocate ([\d.]+ [KMG]iB)", said)
    wanted = f", and {asked[1]} more were asked for" if asked else ""
    if found is None:
        return f"the GPU is full{wanted}. {_advice(())}"
    others = "".join(
        f"; process {each.pid} ({each.name}) has {_size(each.bytes_) if each.bytes_ else 'memory of it'}"
        for each in found.others[:_SHOWN]
    )
    more = f"; {len(found.others) - _SHOWN} more processes use it" if len(found.others) > _SHOWN else ""
    return (
        f"the GPU is full: {found.name} has {_size(found.total)}, {_size(found.free)} free, {_size(found.own)} held by "
        f"this process{others}{more}{wanted}. {_advice(found.others)}"
    )


def occupancy(device: torch.device) -> Occupancy | None:
    """Return how full a GPU is, as far as torch and NVML know."""
    try:
        free, total = torch.cuda.mem_get_info(device)
        name = clean_text(torch.cuda.get_device_name(device), 80)
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        shown = f"{name} ({device}{f', CUDA_VISIBLE_DEVICES={clean_text(visible, 80)}' if visible else ''})"
        return Occupancy(shown, total, free, torch.cuda.memory_reserved(device), _others(device))
    except RuntimeError:
        return None


def _others(device: torch.device) -> list[Process]:
    with suppress(Exception):  # no package, no driver, a slice of a GPU, a container that sees no processes
        nvml, handle = nvml_device(device)
        found = [
            Process(each.pid, _name(nvml, each.pid), each.usedGpuMemory)
            for each in nvml.nvmlDeviceGetComputeRunningProcesses(handle)
            if each.pid != os.getpid()
        ]
        return sorted(found, key=lambda each: -(each.bytes_ or 0))
    return []


def _name(nvml: object, pid: int) -> str:
    with suppress(Exception):
        name = nvml.nvmlSystemGetProcessName(pid)  # type: ignore[attr-defined]
        return clean_text(
            (name.decode(errors="replace") if isinstance(name, bytes) else name).split("/")[-1], 40
        )
    return "unknown"


def _advice(others: Sequence[Process]) -> str:
    first = "End what else uses it, have" if others else "Have"
    return f"{first} fewer --workers on a GPU, or take one with more memory; the same command goes on"


def _size(bytes_: int) -> str:
    return f"{bytes_ / _GIB:.1f} GiB"
