"""GPUs are counted by the names that CUDA takes, MIG slices too."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.visible_gpus import visible_gpus


@pytest.mark.parametrize(
    ("given", "count", "names"),
    [
        (None, 2, ["0", "1"]),
        (None, 0, []),
        ("", 0, []),
        ("5, GPU-7", 2, ["5", "GPU-7"]),
        ("0,1,9", 2, ["0", "1"]),
        ("0,-1,1", 1, ["0"]),
        # CUDA shows one slice at most, whatever is listed.
        ("MIG-a,MIG-b", 1, ["MIG-a", "MIG-b"]),
        ("MIG-GPU-1/7/0", 1, ["MIG-GPU-1/7/0"]),
        ("MIG-a,MIG-b", 0, []),
    ],
)
def test_names(given, count, names):
    environment = {} if given is None else {"CUDA_VISIBLE_DEVICES": given}
    assert visible_gpus(environment, count) == names
