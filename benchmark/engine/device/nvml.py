"""The GPU of this process, as NVML knows it."""

from __future__ import annotations

from typing import Any

import torch


def nvml_device(device: torch.device) -> tuple[Any, Any]:
    """Return the module `pynvml` and its handle of a CUDA device.

    Raises whatever the package does: it is not there, the driver does not answer, the device is a slice of a GPU.
    """
    import pynvml

    pynvml.nvmlInit()
    return pynvml, pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
