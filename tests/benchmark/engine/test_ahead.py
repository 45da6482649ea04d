"""Batches that are loaded ahead come in order, never too many, and errors come through."""

from __future__ import annotations

import threading

import pytest
import torch

from lovt_bench.benchmark.engine.ahead import in_background, loaded, tensors_of
from lovt_bench.tasks.boxes import BoxTarget

INDICES = list(torch.arange(12).split(2))


def test_batches_come_in_order_from_another_thread():
    threads = set()

    def load(rows):
        threads.add(threading.get_ident())
        return rows.tolist()

    assert list(in_background(INDICES, load)) == [rows.tolist() for rows in INDICES]
    assert threads.isdisjoint({threading.get_ident()})


def test_no_more_batches_wait_than_are_allowed():
    loads: list[torch.Tensor] = []
    batches = in_background(INDICES, loads.append, ahead=2)
    next(batches)
    batches.close()
    assert len(loads) <= 3


def test_an_error_while_loading_is_raised_where_the_batch_is_wanted():
    def load(rows):
        if rows[0] == 4:
            raise OSError("disk")
        return rows

    batches = in_background(INDICES, load)
    assert [next(batches).tolist(), next(batches).tolist()] == [[0, 1], [2, 3]]
    with pytest.raises(OSError, match="disk"):
        next(batches)


def test_a_cpu_loads_on_its_own_thread():
    assert list(loaded(INDICES, lambda rows: threading.get_ident(), torch.device("cpu"))) == [
        threading.get_ident()
    ] * len(INDICES)


def test_every_tensor_of_a_batch_is_found():
    boxes = BoxTarget(torch.zeros(2, 1, 4), torch.zeros(2))
    inputs = {1: torch.zeros(1), 32: torch.ones(1)}
    assert len(list(tensors_of((inputs, boxes, 2)))) == 4


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_batch_on_cuda_is_whole_when_it_is_read():
    device = torch.device("cuda", 0)
    source = torch.arange(10_000_000, dtype=torch.float32).view(100, -1)
    indices = list(torch.randperm(100).split(10))

    def load(rows):
        return source[rows].pin_memory().to(device, non_blocking=True)

    for rows, batch in zip(indices, loaded(indices, load, device), strict=True):
        torch.testing.assert_close(batch.cpu(), source[rows])
