"""Workers on several cards: each sees one, another than its neighbours."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from lovt_bench.benchmark.engine.device import usable_gpus
from lovt_bench.benchmark.executor.limits import worker_environments
from tests.gpu.pretended.card import uuid_of, visible_numbers

pytestmark = pytest.mark.pretended
FOUR = [
    ("0,1", [0, 1]),
    ("3,0,2", [3, 0, 2]),
    (f"{uuid_of(2)},{uuid_of(1)}", [2, 1]),
    ("0,1,2,3", [0, 1, 2, 3]),
    ("1,7,2", [1]),
    ("", []),
]
"""Four cards: what is visible, and their numbers."""


@pytest.mark.parametrize(("visible", "expected"), FOUR)
def test_each_worker_sees_one_card_of_its_own(monkeypatch, visible, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(visible_numbers(os.environ)))
    gpus = usable_gpus(torch.device("cuda", 0))
    assert len(gpus) == len(expected)
    environments = worker_environments(max(1, len(gpus)), 4, gpus, None, os.environ)
    seen = [visible_numbers(os.environ | environment) for environment in environments]
    assert seen == ([[number] for number in expected] or [[]])


def test_a_process_sees_the_card_that_it_was_given():
    read = "import torch; print(torch.cuda.device_count(), torch.cuda.get_device_properties(0).uuid)"
    (environment,) = worker_environments(1, 4, ["2"], None, os.environ)
    done = subprocess.run(
        [sys.executable, "-c", read], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", uuid_of(2).removeprefix("GPU-")]
