"""What `.ci/run` looks at before it begins with an hour of work."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


@pytest.mark.parametrize("full", [".", "/elsewhere"])
def test_a_disk_that_is_too_full_is_said_before_anything_begins(tmp_path: Path, full: str) -> None:
    """The disk of the clone, and that of temporary folders; a `df` of ours says how full each is."""
    tools, temporary = tmp_path / "tools", tmp_path / "elsewhere"
    tools.mkdir()
    temporary.mkdir()
    script = f'for place; do :; done\ncase $place in *{full}) left=7 ;; *) left=70 ;; esac\nprintf "Avail\\n  $left\\n"'
    (tools / "df").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "df").chmod(0o755)
    # The next command that it runs: nothing may come so far.
    (tools / "mktemp").write_text("#!/bin/sh\necho begun >&2\nexit 3\n")
    (tools / "mktemp").chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [REPOSITORY / ".ci" / "run"],
        env={**os.environ, "PATH": path, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    place = REPOSITORY if full == "." else temporary
    assert done.returncode == 1
    assert done.stderr.startswith(f"CI needs 16 GB of free disk space, and {place} has 7 GB: ")
    assert done.stderr.count("\n") == 1
