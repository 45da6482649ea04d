"""Which device is used, said plainly."""

from __future__ import annotations

from typing import Literal

import torch

DeviceChoice = Literal["auto", "cpu", "cuda"]


def choose_device(choice: DeviceChoice) -> torch.device:
    """Return the device; `auto` takes the first CUDA device where there is one.

    Raises ValueError if CUDA is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if choice == "cuda" and not available:
        raise ValueError("--device cuda: torch sees no CUDA device; use --device cpu or check the driver")
    return torch.device("cuda", 0) if available and choice != "cpu" else torch.device("cpu")


def gpu_count(device: torch.device) -> int:
    """Return how many CUDA devices jobs on such a device may use; 0 for the CPU."""
    return torch.cuda.device_count() if device.type == "cuda" else 0
