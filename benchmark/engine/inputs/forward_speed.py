"""How fast a bare forward is, told by some batches of an extraction: no forward is made for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import torch

from lovt_bench.benchmark.backbone.model import BATCH
from lovt_bench.benchmark.backbone.platform import platform_of
from lovt_bench.benchmark.contract.made_with import ForwardSpeed

TIMED = 8
"""Full batches that are timed, the first being left out: it warms up. On CUDA these alone wait for the device."""

Levels = TypeVar("Levels")


class Stopwatch:
    """Times forwards of full batches; the fastest counts, since files are written beside them.

    Args:
        device: Where they are computed.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._begun = device, 0
        self._seconds: list[float] = []

    def of(self, forward: Callable[[], Levels], images: int) -> Levels:
        """Return what the forward of so many images gives."""
        self._begun += 1
        if images < BATCH or not 1 < self._begun <= 1 + TIMED:
            return forward()
        self._wait()
        start = time.perf_counter()
        levels = forward()
        self._wait()
        self._seconds.append(time.perf_counter() - start)
        return levels

    @property
    def result(self) -> ForwardSpeed | None:
        """The speed; None where no batch was timed."""
        if not self._seconds:
            return None
        here = platform_of(self._device)
        return ForwardSpeed(
            images_per_second=float(f"{BATCH / max(min(self._seconds), 1e-6):.4g}"),
            device_name=here.device_name,
            threads=here.threads,
        )

    def _wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
