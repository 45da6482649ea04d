"""What computes is told by torch and the kernel themselves."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from lovt_bench.benchmark.backbone.platform import math_libraries, platform_of

SHOW = """
import torch
from lovt_bench.benchmark.backbone.platform import platform_of
made = platform_of(torch.device("cpu"))
print(made.threads, made.instruction_set)
"""


def test_threads_and_instruction_set_are_those_of_the_process():
    told = [
        subprocess.run(
            [sys.executable, "-c", SHOW], env=os.environ | more, check=True, capture_output=True, text=True
        ).stdout.split(maxsplit=1)
        for more in ({"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "2", "ATEN_CPU_CAPABILITY": "default"})
    ]
    assert [threads for threads, _ in told] == ["1", "2"]
    assert told[1][1].strip() == "DEFAULT"


@pytest.mark.parametrize(
    ("configuration", "libraries"),
    [
        (
            "  - Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605 for Intel(R) 64\n"
            "  - Intel(R) MKL-DNN v3.12.0 (Git Hash 80afa71)\n  - Build settings: BLAS_INFO=mkl, USE_MKL=ON",
            {"mkl", "onednn"},
        ),
        ("PyTorch built with:\n  - Build settings: BLAS_INFO=open, USE_MKL=OFF", {"openblas"}),
        ("PyTorch built with:\n  - Intel(R) MKL-DNN v3.7.1 (Git Hash 8d26)\n", {"onednn"}),
        ("", set()),
    ],
)
def test_the_libraries_that_sum_are_read_from_the_build(configuration, libraries):
    assert set(math_libraries(configuration)) == libraries


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_cuda_the_libraries_of_the_gpu_are_told():
    made = platform_of(torch.device("cuda", 0))
    assert made.device_kind == "cuda"
    assert made.device_name == torch.cuda.get_device_name(0)
    assert made.cuda == torch.version.cuda
    assert made.cudnn is not None
    assert made.compute_capability is not None
    assert made.processor != made.device_name
