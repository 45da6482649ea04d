"""One small phantom of every dataset, written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.benchmark.data.phantom.generate import write_phantom
from lovt_bench.benchmark.data.phantom.layout import Settings, layouts

SIDE = 128


def write(root: Path, name: str, images: int = 40, seed: int = 5) -> Path:
    write_phantom(root / name, Settings(name, seed, images, SIDE), None)
    return root / name


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Root folder of each dataset's phantom: 40 images (mimic-cxr: studies) of side 128, seed 5."""
    root = tmp_path_factory.mktemp("phantoms")
    return {name: write(root, name) for name in layouts()}
