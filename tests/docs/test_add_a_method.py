"""docs/add-a-method.md shows what its commands print."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.docs.transcript import difference, steps

PAGE = (REPOSITORY / "docs" / "add-a-method.md").read_text(encoding="utf-8")


def test_its_sessions_print_what_it_says(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "lovt-bench"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m benchmark.cli.main "$@"\n')
    program.chmod(0o755)
    here = tmp_path / "here"
    here.mkdir()
    environment = {
        **os.environ,
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
    }
    commands = list(steps(PAGE))
    assert len(commands) >= 2
    for step in commands:
        if found := difference(step, here, environment, 300):
            pytest.fail(found)
