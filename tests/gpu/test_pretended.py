"""The tests that need a GPU, on pretended cards: each file in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.gpu.pretended.shim import reason_against

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
FILES = sorted(path.relative_to(REPOSITORY).as_posix() for path in (HERE / "on_card").glob("test_*.py"))
CARDS = {"test_placement.py": {"cards": 4}, "test_memory.py": {"gib": 2}}
"""Cards of files that need others than one of 80 GiB."""


@pytest.mark.parametrize("file", FILES)
def test_it_passes_on_pretended_cards(file):
    run_on_cards(
        "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", file, **CARDS.get(Path(file).name, {})
    )


def run_on_cards(*arguments: str, cards: int = 1, gib: float = 80) -> str:
    """Run a Python command on pretended cards and return what it printed; skips where there can be none."""
    if reason := reason_against():
        pytest.skip(reason)
    environment = {
        **os.environ, "PRETENDED_CARDS": str(cards), "PRETENDED_GIB": str(gib), "OMP_NUM_THREADS": "1"
    }  # fmt: skip
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        [sys.executable, "-m", "tests.gpu.pretended", *arguments],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return done.stdout
