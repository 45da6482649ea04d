"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long inputs take to make says something of the machine, nothing of the code.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of development data (golden vectors, real samples, split files); skips where it is absent."""
    root = Path(os.environ.get("LOVT_BENCH_SHARED") or REPOSITORY.parent / "shared")
    if not root.is_dir():
        pytest.skip(f"no development data: {root.name}/ not found (set LOVT_BENCH_SHARED)")
    return root
