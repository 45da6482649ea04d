"""Memory of the pretended cards."""

from __future__ import annotations

import os
import threading

import torch
from torch.multiprocessing.reductions import StorageWeakRef


class Card:
    """Counts the storages that tensors of a card hold, as PyTorch's caching allocator would.

    Freed memory stays reserved until `empty_cache`, or until it is needed.
    """

    def __init__(self, index: int, total: int) -> None:
        self.index, self.total = index, total
        self._storages: dict[int, tuple[StorageWeakRef, int]] = {}
        self._lock = threading.RLock()
        self._allocated = self._peak = self._reserved = self._swept = 0

    def hold(self, tensor: torch.Tensor) -> None:
        """Count the storage of a tensor.

        Raises:
            torch.OutOfMemoryError: The card is full.
        """
        storage = tensor.untyped_storage()
        with self._lock:
            known = self._storages.get(storage._cdata)
            if known is not None and not known[0].expired():
                return
            size = storage.nbytes()
            self._allocated += size - (known[1] if known else 0)
            self._storages[storage._cdata] = StorageWeakRef(storage), size
            if self._allocated > self._peak or self._allocated > self._swept + 2**20:
                self._sweep()
            if self._allocated > self.total:
                del self._storages[storage._cdata]
                self._allocated -= size
                raise torch.OutOfMemoryError(
                    f"CUDA out of memory. Tried to allocate {size / 2**20:.2f} MiB. GPU {self.index} has a total "
                    f"capacity of {self.total / 2**30:.2f} GiB of which {self.free()[0] / 2**20:.2f} MiB is free."
                )
            self._peak = max(self._peak, self._allocated)
            self._reserved = max(self._reserved, self._allocated)

    def allocated(self) -> int:
        """Return the bytes that tensors hold."""
        with self._lock:
            self._sweep()
            return self._allocated

    def reserved(self) -> int:
        """Return the bytes that are held or kept for later."""
        return max(self._reserved, self.allocated())

    def peak(self) -> int:
        """Return the most bytes that tensors held since `forget_peak`."""
        return max(self._peak, self.allocated())

    def forget_peak(self) -> None:
        self._peak = self.allocated()

    def empty_cache(self) -> None:
        self._reserved = self.allocated()

    def free(self) -> tuple[int, int]:
        """Return what `torch.cuda.mem_get_info` does: bytes free and in total."""
        return self.total - self.reserved(), self.total

    def _sweep(self) -> None:
        self._storages = {key: each for key, each in self._storages.items() if not each[0].expired()}
        self._allocated = self._swept = sum(size for _, size in self._storages.values())


def visible_cards() -> list[Card]:
    """Return the cards that this process sees.

    There are `PRETENDED_CARDS` of `PRETENDED_GIB` each, and `CUDA_VISIBLE_DEVICES` picks among them.
    """
    total = int(float(os.environ.get("PRETENDED_GIB", "80")) * 2**30)
    count = int(os.environ.get("PRETENDED_CARDS", "1"))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [str(number) for number in range(count)] if visible is None else visible.split(",")
    known = {each: number for number in range(count) for each in (str(number), uuid_of(number))}
    seen = []
    for name in names:  # CUDA, too, stops at the first name that it does not know
        if name.strip() not in known:
            break
        seen.append(known[name.strip()])
    return [Card(index, total) for index in range(len(seen))]


def uuid_of(number: int) -> str:
    return f"GPU-00000000-0000-0000-0000-{number:012}"
