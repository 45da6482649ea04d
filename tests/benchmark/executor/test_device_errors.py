"""What libraries say of full memory and of broken GPUs is understood, and told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.executor.device_errors import broken_gpu, first_line, full_memory
from lovt_bench.benchmark.executor.drive import attempt
from tests.benchmark.executor.toys import toy

GPU = [
    torch.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.1 GiB"
    ),
    RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    torch.AcceleratorError(
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported", 2
    ),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("cuFFT error: CUFFT_ALLOC_FAILED"),
    RuntimeError("cudaErrorMemoryAllocation: out of memory"),
    RuntimeError("[ONNXRuntimeError] : 1 : FAIL : CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc"),
    RuntimeError(
        "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Non-zero status code returned while running Conv node. "
        "/onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal "
        "Failed to allocate memory for requested buffer of size 4294967296 (CUDAExecutionProvider)"
    ),
]
HOST = [
    MemoryError(),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"
    ),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 137438953472 bytes."),
    RuntimeError("std::bad_alloc"),
    RuntimeError("could not create a primitive"),
    RuntimeError("unable to mmap 1024 bytes from file <x>: Cannot allocate memory (12)"),
    RuntimeError(
        "BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 17179869184"
    ),
]
BROKEN = [
    torch.AcceleratorError("CUDA error: device-side assert triggered\nCUDA kernel errors might be"),
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    RuntimeError("CUDA error: unspecified launch failure"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(handle)`"),
    RuntimeError("cuFFT error: CUFFT_EXEC_FAILED"),
    RuntimeError("CUDA failure 700: an illegal memory access was encountered ; GPU=0"),
]
OTHER = [
    ValueError("images have 3 channels"),
    RuntimeError(
        "cuDNN error: CUDNN_STATUS_NOT_SUPPORTED. This error may appear if a tensor is not contiguous"
    ),
    RuntimeError("CUDA error: no kernel image is available for execution on the device"),
    RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
]


@pytest.mark.parametrize("error", GPU, ids=lambda error: first_line(error)[:40])
def test_a_full_gpu_is_recognised_and_is_not_broken(error):
    assert full_memory(error) == "gpu"
    assert not broken_gpu(error)


@pytest.mark.parametrize("error", HOST, ids=lambda error: first_line(error)[:40])
def test_full_memory_of_the_machine_is_recognised(error):
    assert full_memory(error) == "host"
    assert not broken_gpu(error)


@pytest.mark.parametrize("error", BROKEN, ids=lambda error: first_line(error)[:40])
def test_a_broken_context_is_recognised(error):
    assert broken_gpu(error)
    assert full_memory(error) is None


@pytest.mark.parametrize("error", OTHER, ids=lambda error: first_line(error)[:40])
def test_what_a_library_refuses_is_neither(error):
    assert full_memory(error) is None
    assert not broken_gpu(error)


def test_errors_as_torch_and_numpy_raise_them_here():
    with pytest.raises(RuntimeError) as torches:
        torch.empty(1 << 60, dtype=torch.uint8)
    with pytest.raises(MemoryError) as numpys:
        np.empty(1 << 60, np.uint8)
    assert full_memory(torches.value) == full_memory(numpys.value) == "host"


def test_an_error_that_another_one_wraps_is_understood():
    outer = RuntimeError("the epoch failed")
    outer.__cause__ = BROKEN[0]
    assert broken_gpu(outer)
    outer.__cause__ = GPU[0]
    assert full_memory(outer) == "gpu"


@pytest.mark.parametrize(
    ("error", "outcome", "said", "unsaid"),
    [
        (
            GPU[3],
            "failed",
            "more memory than its GPU has free: have fewer --workers on a GPU",
            "--max-memory",
        ),
        (HOST[1], "failed", "more memory than the machine or --max-memory allows", "GPU"),
        (BROKEN[0], "lost", "its GPU failed (CUDA error: device-side assert triggered)", "kernel errors"),
    ],
    ids=["GPU", "machine", "broken"],
)
def test_what_becomes_of_the_job(error, outcome, said, unsaid, tmp_path: Path):
    def work(payload, emit):
        raise error

    report = attempt(toy(tmp_path, "job"), work, tmp_path / "claims", lambda event: None)
    assert report.outcome == outcome
    assert said in report.reason
    assert unsaid not in report.reason
