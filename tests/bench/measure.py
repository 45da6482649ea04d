"""Timing on a device: as `tests.bench.clock`, waiting for a GPU where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from tests.bench import clock


def wait(device: torch.device | None = None) -> None:
    """Wait for the GPU where there is one."""
    if torch.cuda.is_available() and (device is None or device.type == "cuda"):
        torch.cuda.synchronize(device)


def seconds_of(function: Callable[[], object]) -> float:
    """Return the seconds of one call."""
    return clock.seconds_of(function, wait)


def paired(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the least seconds of each function over `rounds` turns; each is called once before."""
    return clock.paired(functions, rounds, wait)
