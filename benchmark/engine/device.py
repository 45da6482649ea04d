"""Which device is used, said plainly."""

from __future__ import annotations

from typing import Literal

import torch

from benchmark.gpu import is_there, without_cuda
from benchmark.log import logger

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


def gpu_count(device: torch.device) -> int:
    """Return how many CUDA devices jobs on such a device may use; 0 for the CPU."""
    return torch.cuda.device_count() if device.type == "cuda" else 0
