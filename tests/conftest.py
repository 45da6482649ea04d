"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, Phase, settings

from lovt_bench.benchmark.malloc import leave_out_imports

# How long inputs take to make says something of the machine, nothing of the code.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# CI judges a commit: the same commit draws the same inputs, and no minutes go into making a failure smaller.
settings.register_profile(
    "ci",
    settings.get_profile("any-machine"),
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("ci" if os.environ.get("CI") else "any-machine")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Give each test, and the fixtures made for it, the same random weights in every run and every order."""
    torch.manual_seed(0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that hold slow tests: no worker is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """As `lovt-bench evaluate` does: each job of an evaluation collects garbage, 0.5 s over what all tests import."""
    leave_out_imports()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of data that the repository may not hold (real images, split files); skips where it is absent."""
    root = Path(os.environ.get("LOVT_BENCH_SHARED") or REPOSITORY.parent / "shared")
    if not root.is_dir():
        pytest.skip(f"no development data: {root.name}/ not found (set LOVT_BENCH_SHARED)")
    return root
