"""Peak memory of a run, not of the process's whole life."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from lovt_bench.benchmark.engine.usage import UsageMeter

MIB = 1 << 20


PEAKS = f"""
import numpy as np, torch
from lovt_bench.benchmark.engine.usage import UsageMeter
np.ones({300 * MIB}, np.uint8)
meter = UsageMeter(torch.device("cpu"))
small = meter.read()
np.ones({200 * MIB}, np.uint8)
large = meter.read()
print(small.peak_memory_bytes, large.peak_memory_bytes, large.energy_joules)
"""


def test_an_earlier_peak_does_not_count_and_a_later_one_does():
    # In a process of its own: one that keeps freed memory has no second peak.
    told = subprocess.run([sys.executable, "-c", PEAKS], check=True, capture_output=True, text=True).stdout
    small, large, energy = told.split()
    if small == "None":
        pytest.skip("the kernel does not reset the peak")
    assert 150 * MIB < int(large) - int(small) < 260 * MIB
    assert energy == "None"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_cuda_it_is_what_torch_allocated():
    torch.zeros(300 * MIB, dtype=torch.uint8, device="cuda")
    meter = UsageMeter(torch.device("cuda", 0))
    before = torch.cuda.memory_allocated()
    torch.zeros(100 * MIB, dtype=torch.uint8, device="cuda")
    peak = meter.read().peak_memory_bytes
    assert peak is not None
    assert peak - before == pytest.approx(100 * MIB, abs=4 * MIB)
