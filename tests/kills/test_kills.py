"""Commands that need no torch, killed at each of their renames; `python -m tests.kills` does all commands by hand."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lovt_bench.benchmark.disk.leftovers import abandoned
from tests.conftest import REPOSITORY
from tests.kills.__main__ import finish, run
from tests.kills.world import commands, left_behind, names, state

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
def test_trainings_that_are_killed_at_random_moments_leave_the_records_of_undisturbed_ones() -> None:
    """In a process of its own: it forks, and autograd refuses to work in the fork of a process that has its threads."""
    command = [sys.executable, "-m", "tests.kills.trainings", "--kills", "4", "--seed", "2"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing lost, all records equal, nothing left behind" in done.stderr
