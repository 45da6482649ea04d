"""Rows of an array, delivered to a device batch by batch.

On the CPU rows are gathered from (memory-mapped) disk, so an array may be larger than memory. On CUDA the whole
array moves to the device if it fits into a share of the free memory, and is gathered there without a host sync.
"""

from __future__ import annotations

import numpy as np
import torch

_DEVICE_SHARE = 0.4
"""Largest share of the free device memory that one array may take."""


class RowTensor:
    """Gathers rows by index.

    Args:
        array: (N, …), any dtype that torch knows.
        device: Where batches are wanted.
    """

    def __init__(self, array: np.ndarray, device: torch.device) -> None:
        self.array, self.device = array, device
        self._resident: torch.Tensor | None = None
        if device.type == "cuda" and array.nbytes < _DEVICE_SHARE * torch.cuda.mem_get_info(device)[0]:
            self._resident = torch.from_numpy(np.array(array)).to(device)

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, indices: torch.Tensor) -> torch.Tensor:
        """Return rows (B, …) on the device; `indices` are int64 on the CPU."""
        if self._resident is not None:
            return self._resident[indices.pin_memory().to(self.device, non_blocking=True)]
        rows = torch.from_numpy(self.array[indices.numpy()])
        if self.device.type == "cuda":
            rows = rows.pin_memory()  # only then does the copy not hold up the host
        return rows.to(self.device, non_blocking=True)
