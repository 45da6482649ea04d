"""What `.ci/run` looks at before it begins with an hour of work."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


@pytest.mark.parametrize("full", [".", "/elsewhere"])
@pytest.mark.parametrize(("installed", "needed"), [(False, 16), (True, 8)])
def test_a_disk_that_is_too_full_is_said_before_anything_begins(
    tmp_path: Path, full: str, installed: bool, needed: int
) -> None:
    """The disk of the clone, and that of temporary folders; a `df` of ours says how full each is."""
    clone, tools, temporary = tmp_path / "clone", tmp_path / "tools", tmp_path / "elsewhere"
    for folder in (clone / ".ci", tools, temporary):
        folder.mkdir(parents=True)
    if installed:
        (clone / ".venv").mkdir()
    shutil.copy2(REPOSITORY / ".ci" / "run", clone / ".ci")
    script = f'for place; do :; done\ncase $place in *{full}) left=7 ;; *) left=70 ;; esac\nprintf "Avail\\n  $left\\n"'
    (tools / "df").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "df").chmod(0o755)
    # The next command that it runs: nothing may come so far.
    (tools / "mktemp").write_text("#!/bin/sh\necho begun >&2\nexit 3\n")
    (tools / "mktemp").chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [clone / ".ci" / "run"],
        env={**os.environ, "PATH": path, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    place = clone if full == "." else temporary
    assert done.returncode == 1
    assert done.stderr.startswith(f"CI needs {needed} GB of free disk space, and {place} has 7 GB: ")
    assert done.stderr.count("\n") == 1
