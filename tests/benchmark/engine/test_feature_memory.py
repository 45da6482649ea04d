"""Features may be larger than memory: batches are gathered from the memory-mapped file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROGRAM = """
import resource, sys
import numpy as np, torch
from lovt_bench.benchmark.engine.inputs import CachedFeatures
from lovt_bench.benchmark.engine.order import train_batches

level = np.load(sys.argv[1], mmap_mode="r")
source = CachedFeatures({8: level}, None, torch.device("cpu"))
source.batch(torch.arange(8))
used = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_DATA, (used + level.nbytes // 2,) * 2)
for rows in train_batches(0, 0, len(level), 16, True):
    batch = source.batch(rows)[8]
    assert batch.dtype == torch.float32 and batch.shape[2:] == (28, 28)
    assert (batch.mean((1, 2, 3)) == rows % 7).all()
try:
    np.array(level)
except MemoryError:
    print("too large for memory")
"""


@pytest.mark.slow
def test_an_epoch_reads_features_that_do_not_fit_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "features.npy"
    level = np.lib.format.open_memmap(path, "w+", np.float16, (500, 512, 28, 28))
    for row in range(len(level)):
        level[row] = row % 7
    level.flush()
    del level
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "too large for memory\n"
