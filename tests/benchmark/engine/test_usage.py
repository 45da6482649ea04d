"""Peak memory of a run, not of the process's whole life."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.engine.usage import UsageMeter

MIB = 1 << 20


def test_an_earlier_peak_does_not_count_and_a_later_one_does():
    np.ones(300 * MIB, np.uint8)
    meter = UsageMeter(torch.device("cpu"))
    small = meter.read()
    if small.peak_memory_bytes is None:
        pytest.skip("the kernel does not reset the peak")
    np.ones(200 * MIB, np.uint8)
    large = meter.read()
    assert large.peak_memory_bytes is not None
    assert 150 * MIB < large.peak_memory_bytes - small.peak_memory_bytes < 260 * MIB
    assert large.energy_joules is None


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
