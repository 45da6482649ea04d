"""Preparation holds a constant amount of memory, whatever the number of images."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmark.data import raws

PROGRAM = """
import resource, sys
from pathlib import Path
from lovt_bench.benchmark.data.prepare import prepare
from lovt_bench.tasks.protocol import load_protocol
prepare("object-cxr", Path(sys.argv[1]), Path(sys.argv[2]), load_protocol(), patient_key=lambda: bytes(32), workers=1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
STORED = 224 * 224
"""Bytes of a stored image."""


def peak_kib(tmp_path: Path, images: int) -> int:
    """Prepare so many images in a process of its own and return its largest resident size."""
    raw = raws.object_cxr(tmp_path / f"raw{images}", train=images - 10, dev=10)
    command = [sys.executable, "-c", PROGRAM, str(raw), str(tmp_path / f"data{images}")]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.slow
def test_ten_times_the_images_take_no_more_memory(tmp_path: Path) -> None:
    few, many = (peak_kib(tmp_path, images) for images in (200, 2000))
    # What is known of an image grows with their number (3 kB each, and noise of the allocator), their pixels do not.
    assert (many - few) * 1024 < 1800 * STORED / 3
