"""Rows of an array, delivered to a device batch by batch.

Rows are gathered from (memory-mapped) disk, so that an array may be larger than memory. On CUDA an array may be made
resident: then it lies on the device and is gathered there without a host sync. `residence.py` decides which.
"""

from __future__ import annotations

import numpy as np
import torch

_CHUNK = 64 << 20
"""Bytes that are copied to the device at a time: the host never holds the whole array."""


class RowTensor:
    """Gathers rows by index.

    Args:
        array: (N, …), any dtype that torch knows.
        device: Where batches are wanted.
        name: What the rows are, for people.
    """

    def __init__(self, array: np.ndarray, device: torch.device, name: str = "rows") -> None:
        self.array, self.device, self.name = array, device, name
        self._resident: torch.Tensor | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a row that is delivered."""
        return self.array.shape[1:]

    @property
    def resident(self) -> bool:
        """Whether the array lies on the device."""
        return self._resident is not None

    def make_resident(self) -> None:
        """Copy the array to the device, in chunks. Raises torch's error if memory is short there; nothing is kept."""
        rows = max(1, _CHUNK // max(1, self.array[:1].nbytes))
        made = torch.empty(self.array.shape, dtype=_dtype(self.array), device=self.device)
        for start in range(0, len(self.array), rows):
            chunk = np.array(self.array[start : start + rows])
            made[start : start + rows].copy_(torch.from_numpy(chunk))
        self._resident = made

    def stream(self) -> None:
        """Free what lies on the device; rows are gathered on the host again."""
        self._resident = None

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, indices: torch.Tensor) -> torch.Tensor:
        """Return rows (B, …) on the device; `indices` are int64 on the CPU."""
        resident = self._resident  # which another thread may take away
        if resident is not None:
            return resident[self._moved(indices)]
        return self._moved(torch.from_numpy(self.array[indices.numpy()]))

    def _moved(self, rows: torch.Tensor) -> torch.Tensor:
        if self.device.type == "cuda":
            rows = rows.pin_memory()  # only then does the copy not hold up the host
        return rows.to(self.device, non_blocking=True)


def _dtype(array: np.ndarray) -> torch.dtype:
    return torch.from_numpy(np.empty(0, array.dtype)).dtype
