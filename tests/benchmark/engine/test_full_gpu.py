"""A full GPU ends in one sentence: which one, how much, what else uses it, what to do."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.benchmark.engine.full_gpu import FullGPUError, Occupancy, Process, full_gpu_said, sentence

GIB = 2**30
FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity")


def test_the_sentence_names_card_amounts_others_and_what_to_do():
    others = [Process(4711, "python", 12 * GIB), Process(12, "Xorg", None)]
    found = Occupancy("NVIDIA A100 (cuda:0)", 40 * GIB, GIB // 2, 27 * GIB, others)
    assert sentence(found, str(FULL)) == (
        "the GPU is full: NVIDIA A100 (cuda:0) has 40.0 GiB, 0.5 GiB free, 27.0 GiB held by this process; process 4711 "
        "(python) has 12.0 GiB; process 12 (Xorg) has memory of it, and 2.50 GiB more were asked for. End what else "
        "uses it, have fewer --workers on a GPU, or take one with more memory; the same command goes on"
    )


def test_a_driver_that_does_not_answer_costs_no_sentence():
    said = sentence(None, "CUBLAS_STATUS_ALLOC_FAILED")
    assert said.startswith("the GPU is full. Have fewer --workers on a GPU")


def test_many_processes_are_counted_and_not_listed():
    others = [Process(pid, "p", GIB) for pid in range(9)]
    said = sentence(Occupancy("card", GIB, 0, 0, others), "")
    assert said.count("; process ") == 5
    assert "4 more processes use it" in said


def test_only_a_full_gpu_is_said_so():
    cpu, cuda = torch.device("cpu"), torch.device("cuda", 0)
    with pytest.raises(FullGPUError) as said, full_gpu_said(cuda, "task x"):
        raise FULL
    assert str(said.value).startswith("task x: the GPU is full")
    for device, error in ((cpu, FULL), (cuda, MemoryError("host"))):
        with pytest.raises(type(error)) as found, full_gpu_said(device, "task x"):
            raise error
        assert found.value is error
