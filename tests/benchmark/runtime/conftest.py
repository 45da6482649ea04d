"""One place for the methods of all tests: processes apart come from one server as long as PYTHONPATH stays the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def place_of_methods(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("place") / "methods"


@pytest.fixture
def methods(place_of_methods: Path) -> Path:
    """An empty folder for PYTHONPATH; what the test before wrote is gone, with its bytecode."""
    shutil.rmtree(place_of_methods, ignore_errors=True)
    place_of_methods.mkdir()
    return place_of_methods
