"""Batches loaded ahead of a GPU: gathered on a second thread, where that is asked for copied on a second stream."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from lovt_bench.benchmark.engine.unseen import asked_for

Batch = TypeVar("Batch")

AHEAD = 2
"""Batches that wait on the device while one is worked on."""


def loaded(
    indices: Sequence[Tensor], load: Callable[[Tensor], Batch], device: torch.device
) -> Iterator[Batch]:
    """Yield `load(rows)` for each of `indices`, in order.

    On a CPU one after the other: a second thread would take the cores away. On CUDA ahead, so that gathering rows
    and copying them to the device happen behind the training.
    """
    if device.type != "cuda":
        yield from map(load, indices)
        return
    if not asked_for("copy-stream"):
        yield from in_background(indices, load)
        return
    stream = torch.cuda.Stream(device)

    def load_on_stream(rows: Tensor) -> tuple[Batch, torch.cuda.Event]:
        with torch.cuda.stream(stream):
            batch = load(rows)
            return batch, stream.record_event()

    for batch, event in in_background(indices, load_on_stream):
        current = torch.cuda.current_stream(device)
        current.wait_event(event)
        for tensor in tensors_of(batch):
            tensor.record_stream(current)  # its memory is not reused while the training reads it
        yield batch


def in_background(
    indices: Sequence[Tensor], load: Callable[[Tensor], Batch], ahead: int = AHEAD
) -> Generator[Batch]:
    """Yield `load(rows)` for each of `indices`, in order, computed on one other thread, at most `ahead` early."""
    running: deque[Future[Batch]] = deque()
    executor = ThreadPoolExecutor(1)
    try:
        for rows in indices:
            running.append(executor.submit(load, rows))
            if len(running) > ahead:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)


def tensors_of(batch: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested tuples, lists, mappings and dataclasses."""
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, dict):
        for value in batch.values():
            yield from tensors_of(value)
    elif isinstance(batch, (tuple, list)):
        for value in batch:
            yield from tensors_of(value)
    elif is_dataclass(batch):
        for field in fields(batch):
            yield from tensors_of(getattr(batch, field.name))
