"""Which device is used, and in which precision, said plainly."""

from __future__ import annotations

import os
from typing import Literal

import torch

from benchmark.gpus import visible_gpus

DeviceChoice = Literal["auto", "cpu", "cuda"]


def choose_device(choice: DeviceChoice) -> torch.device:
    """Return the device; `auto` takes the first CUDA device where there is one.

    Raises ValueError if CUDA is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if choice == "cuda" and not available:
        raise ValueError("--device cuda: torch sees no CUDA device; use --device cpu or check the driver")
    return torch.device("cuda", 0) if available and choice != "cpu" else torch.device("cpu")


def usable_gpus(device: torch.device) -> list[str]:
    """Return the names of the GPUs that jobs on such a device may use; none for the CPU."""
    return visible_gpus(os.environ, torch.cuda.device_count()) if device.type == "cuda" else []


def mixed_precision(device: torch.device) -> torch.autocast:
    """Return the published half-precision autocast on CUDA; on a CPU everything is float32."""
    cuda = device.type == "cuda"
    return torch.autocast(device.type, torch.float16 if cuda else torch.bfloat16, enabled=cuda)
