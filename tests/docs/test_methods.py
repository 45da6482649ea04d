"""docs/methods.md shows what its commands print, on a real engine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.containers.conftest import base_image, engine
from tests.docs.transcript import difference, steps

__all__ = ["base_image", "engine"]

PAGE = (REPOSITORY / "docs" / "methods.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_its_sessions_print_what_it_says(base_image: str, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "lovt-bench"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.containers.cli "$@"\n')
    program.chmod(0o755)
    here = tmp_path / "here"
    here.mkdir()
    environment = {
        **os.environ,
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "LOVT_BENCH_BASE_IMAGE": base_image,
    }
    commands = list(steps(PAGE))
    assert len(commands) > 10
    for step in commands:
        if found := difference(step, here, environment, 300):
            pytest.fail(found)
