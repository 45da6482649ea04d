"""The doctor lists what killed processes left in a workspace, how much it is, and what removes it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from lovt_bench.benchmark.disk.temporary import new_file, new_folder
from lovt_bench.benchmark.runtime.doctor_leftovers import bytes_below, check_checkpoints, check_leftovers


def write_and_die(target: Path, *, folder: bool) -> None:
    """Be killed by SIGKILL while a file or folder of a megabyte is being written."""
    if (child := os.fork()) == 0:
        with (new_folder if folder else new_file)(target) as path:
            (path / "part" if folder else path).write_bytes(bytes(1 << 20))
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def test_nothing_is_said_where_nothing_lies(tmp_path: Path) -> None:
    (tmp_path / "backbones" / ".hidden").mkdir(parents=True)
    with new_folder(tmp_path / "backbones" / "new"), new_file(tmp_path / "x"):
        assert not list(check_leftovers(tmp_path)), "their writer lives"
    assert not list(check_leftovers(tmp_path / "absent"))


def test_what_killed_processes_left_is_listed_with_its_size_and_removed_by_what_is_said(
    tmp_path: Path,
) -> None:
    workspace = tmp_path / "with blanks"
    (workspace / "backbones").mkdir(parents=True)
    write_and_die(workspace / "backbones" / "mine", folder=True)
    write_and_die(workspace / "features" / "a" / "train.npy", folder=False)
    (found,) = check_leftovers(workspace)
    assert found.level == "warning"
    assert found.message.startswith("2 of killed processes, 2.0 MiB: ")
    assert "features/a/.tmp-train.npy-" in found.message
    assert "backbones/.tmp-mine-" in found.message
    command = found.advice.partition("at once: ")[2]
    assert os.system(command) == 0
    assert not list(check_leftovers(workspace))


def test_checkpoints_are_listed_with_their_size_and_the_command_that_goes_on(tmp_path: Path) -> None:
    assert not list(check_checkpoints(tmp_path))
    folder = tmp_path / "checkpoints" / "mine" / ("a" * 64)
    folder.mkdir(parents=True)
    (folder / "state.pt").write_bytes(bytes(2 << 20))
    write_and_die(tmp_path / "checkpoints" / "mine" / ("b" * 64), folder=True)
    (found,) = check_checkpoints(tmp_path)
    assert "1 of trainings that run or were cut off, 2.0 MiB: " in found.message
    assert "evaluate` with mine" in found.advice
    (temporary,) = check_leftovers(tmp_path)
    assert "checkpoints/mine/.tmp-" in temporary.message


def test_sizes_are_those_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(100_000))
    os.truncate(tmp_path / "file", 1 << 30)
    assert 100_000 <= bytes_below(tmp_path) < 200_000
