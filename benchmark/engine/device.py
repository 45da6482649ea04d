"""Which device is used, and in which precision, said plainly."""

from __future__ import annotations

import os
from typing import Literal

import torch

from lovt_bench.benchmark.gpu import is_there, without_cuda
from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.visible_gpus import visible_gpus

DeviceChoice = Literal["auto", "cpu", "cuda"]


def choose_device(choice: DeviceChoice) -> torch.device:
    """Return the device; `auto` takes the first CUDA device where there is one that works, and says why one does not.

    Raises ValueError if CUDA is asked for and there is none.
    """
    why_not = "" if choice == "cpu" else without_cuda()
    if choice == "cuda" and why_not:
        raise ValueError(f"--device cuda: {why_not}; --device cpu takes the CPU")
    if why_not and is_there():
        logger.warning("the CPU is used: %s", why_not)
    return torch.device("cpu") if choice == "cpu" or why_not else torch.device("cuda", 0)


def usable_gpus(device: torch.device) -> list[str]:
    """Return the names of the GPUs that jobs on such a device may use; none for the CPU."""
    return visible_gpus(os.environ, torch.cuda.device_count()) if device.type == "cuda" else []


def mixed_precision(device: torch.device) -> torch.autocast:
    """Return the published half-precision autocast on CUDA; on a CPU everything is float32."""
    cuda = device.type == "cuda"
    return torch.autocast(device.type, torch.float16 if cuda else torch.bfloat16, enabled=cuda)
