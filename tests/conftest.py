"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of development data (golden vectors, real samples, split files); skips where it is absent."""
    root = Path(os.environ.get("LOVT_BENCH_SHARED") or REPOSITORY.parent / "shared")
    if not root.is_dir():
        pytest.skip(f"no development data: {root.name}/ not found (set LOVT_BENCH_SHARED)")
    return root
