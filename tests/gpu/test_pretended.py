"""The tests that need a GPU, on pretended cards: most of them in one process, where torch is imported once."""

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
ELSEWHERE = (
    "tests/benchmark/backbone/test_platform.py",
    "tests/benchmark/engine/train/test_ahead.py",
    "tests/benchmark/engine/train/kernels/test_step_graph.py",
    "tests/benchmark/engine/device/test_usage.py",
)
"""Files with tests marked `gpu` outside of `on_card`."""
REAL_CARD_ALONE = "test_a_step_is_taken_on_the_card and (dino or mgca)"
"""A pretended card can neither move a layer with weight norm nor change a tensor's shape in place (nanquantile)."""
CAPTURES = "as_a_graph_gives_the_same_numbers_and_no_step"
"""Captures a CUDA graph, which no pretended card can."""
ALONE: dict[str, dict[str, int]] = {
    "tests/gpu/on_card/test_placement.py": {"cards": 4},
    "tests/gpu/on_card/test_memory.py": {"gib": 2},
    "tests/gpu/on_card/test_tasks.py": {},
}
"""Files that need other cards than one of 80 GiB, and the longest one."""
TOGETHER = sorted(
    {path.relative_to(REPOSITORY).as_posix() for path in (HERE / "on_card").glob("test_*.py")} - {*ALONE}
)


@pytest.mark.parametrize("file", ALONE)
def test_it_passes_alone(file):
    pytest_on_cards(file, **ALONE[file])


def test_all_others_pass_on_one_card():
    pytest_on_cards("-m", "gpu", "-k", f"not {CAPTURES} and not ({REAL_CARD_ALONE})", *TOGETHER, *ELSEWHERE)


def test_no_file_with_gpu_tests_is_forgotten():
    marked = {
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "tests").rglob("test_*.py")
        if HERE not in path.parents and "pytest.mark.gpu" in path.read_text(encoding="utf-8")
    }
    assert marked == set(ELSEWHERE)


def pytest_on_cards(*arguments: str, cards: int = 1, gib: float = 80) -> None:
    """Run tests on pretended cards; one that is skipped there shows nothing, and fails."""
    said = run_on_cards(
        "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", *arguments, cards=cards, gib=gib
    )
    assert " passed" in said.splitlines()[-1]
    assert " skipped" not in said.splitlines()[-1], said[-2000:]


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
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=3600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return done.stdout
