"""Memory of the pretended cards."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping

import torch
from torch.multiprocessing.reductions import StorageWeakRef


class Card:
    """Counts the storages that tensors of a card hold, as PyTorch's caching allocator would.

    Freed memory stays reserved until `empty_cache`, or until it is needed. `index` is the card's place among those that
    this process sees, `number` its place in the machine.
    """

    def __init__(self, index: int, number: int, total: int) -> None:
        self.index, self.number, self.total = index, number, total
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


def visible_numbers(environment: Mapping[str, str]) -> list[int]:
    """Return which of `PRETENDED_CARDS` cards a process with this environment sees, as `CUDA_VISIBLE_DEVICES` picks."""
    count = int(environment.get("PRETENDED_CARDS", "1"))
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    names = [str(number) for number in range(count)] if visible is None else visible.split(",")
    known = {each: number for number in range(count) for each in (str(number), uuid_of(number))}
    seen = []
    for name in names:
        if name.strip() not in known:
            break  # CUDA, too, stops at the first name that it does not know
        seen.append(known[name.strip()])
    return seen


def visible_cards() -> list[Card]:
    """Return the cards that this process sees, `PRETENDED_GIB` each."""
    total = int(float(os.environ.get("PRETENDED_GIB", "80")) * 2**30)
    return [Card(index, number, total) for index, number in enumerate(visible_numbers(os.environ))]


def uuid_of(number: int) -> str:
    return f"GPU-00000000-0000-0000-0000-{number:012}"
