"""Commands that need no torch, killed at each of their renames; `python -m tests.kills` does all commands by hand."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.disk.leftovers import abandoned
from tests.benchmark.analysis.tiny_method import built, exported
from tests.conftest import REPOSITORY
from tests.kills.__main__ import finish, run
from tests.kills.world import commands, left_behind, names, state
from tests.submissions.tiny_corpus import write_corpus

LIGHT = {"data", "corpus", "leaderboard"}


@pytest.mark.slow
def test_a_command_that_is_killed_at_a_rename_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    killed = 0
    for undisturbed, command in zip(commands(tmp_path, whole), commands(tmp_path, cut), strict=True):
        if command[0] not in LIGHT:
            continue
        finish(tmp_path, whole, undisturbed)
        for number in range(1, int((tmp_path / "count").read_text()) + 1):
            killed += run(tmp_path, cut, command, at=number) == -signal.SIGKILL
        finish(tmp_path, cut, command)
        assert state(cut) == state(whole)
        assert abandoned(cut) == []
        assert left_behind(cut, names(whole)) == set()
    assert killed >= 8


@pytest.mark.slow
def test_an_analysis_that_is_killed_goes_on_with_what_it_stored(tmp_path: Path) -> None:
    """The fifth rename is that of the report; features of images and of reports are there before it."""
    cut, whole = tmp_path / "cut", tmp_path / "whole"
    corpus = write_corpus(cut / "corpora" / "tiny", test=3)
    exported(built("convirt", corpus), "convirt", cut)
    shutil.copytree(cut, whole)
    command = ("analyze", "convirt", "--corpus", "tiny", "--profile", "quick")
    assert run(tmp_path, cut, command, at=5) == -signal.SIGKILL
    features = [path for path in cut.glob("features/*/*.*") if path.suffix in (".npy", ".safetensors")]
    stored = {path: path.stat().st_mtime_ns for path in features if not path.name.startswith(".")}
    assert {path.suffix for path in stored} == {".npy", ".safetensors"}
    assert not list(cut.glob("results/*/*/analysis/*/[!.]*"))
    for workspace in (cut, whole):
        done = CliRunner().invoke(main, [*command, "--workspace", str(workspace)])
        assert done.exit_code == 0, done.output
    assert state(cut) == state(whole)
    assert [name for name in state(cut) if name.startswith("analysis/")]
    assert {path: path.stat().st_mtime_ns for path in stored} == stored
    assert left_behind(cut, names(whole)) == set()


@pytest.mark.slow
def test_trainings_that_are_killed_at_random_moments_leave_the_records_of_undisturbed_ones() -> None:
    """In a process of its own: it forks, and autograd refuses to work in the fork of a process that has its threads."""
    command = [sys.executable, "-m", "tests.kills.trainings", "--kills", "4", "--seed", "2"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing lost, all records equal, nothing left behind" in done.stderr
