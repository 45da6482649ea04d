"""A file or a folder appears whole or not at all, and what a killed writer left is found, put back or removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.disk.temporary import abandoned, new_file, new_folder, sweep, write_text

KILLED = """
import os, signal, sys
from pathlib import Path
from benchmark.disk import temporary
target, kind = Path(sys.argv[1]), sys.argv[2]
if kind == "file":
    with temporary.new_file(target) as path:
        path.write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)
rename = Path.rename
def renamed(self, to):
    if kind == "between" and self.name == "new":
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, to)
Path.rename = renamed
with temporary.new_folder(target) as folder:
    (folder / "a").write_text("new")
    if kind == "folder":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def kill(target: Path, kind: str) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(target), kind], check=False)
    assert ended.returncode == -signal.SIGKILL


def fail_after_writing(path: Path) -> None:
    path.write_text("new")
    raise ValueError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_block_leaves_what_was_there(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old")
    with new_folder(tmp_path / "b") as folder:
        (folder / "x").write_text("old")
    with pytest.raises(ValueError), new_file(tmp_path / "a.txt") as path:
        fail_after_writing(path)
    with pytest.raises(ValueError), new_folder(tmp_path / "b") as folder:
        fail_after_writing(folder / "x")
    assert (tmp_path / "a.txt").read_text() == (tmp_path / "b" / "x").read_text() == "old"
    assert names(tmp_path) == ["a.txt", "b"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_killed_writer_left_goes_with_the_next_call(tmp_path: Path, kind: str) -> None:
    kill(tmp_path / "target.npy", kind)
    assert [path.name[:15] for path in abandoned(tmp_path)] == [".tmp-target.npy"]
    write_text(tmp_path / "another", "text")
    assert names(tmp_path) == ["another"]


def test_a_folder_that_was_being_replaced_is_put_back(tmp_path: Path) -> None:
    target = tmp_path / "rsna"
    with new_folder(target) as folder:
        (folder / "a").write_text("old")
    kill(target, "between")
    assert not target.exists()
    sweep(tmp_path)
    assert (target / "a").read_text() == "old"
    assert names(tmp_path) == ["rsna"]


def test_what_a_living_writer_makes_is_left_alone(tmp_path: Path) -> None:
    with new_file(tmp_path / "a") as path, new_folder(tmp_path / "b") as folder:
        assert abandoned(tmp_path) == sweep(tmp_path) == []
        write_text(tmp_path / "c", "text")
        assert path.exists()
        assert folder.is_dir()


def test_abandoned_things_are_found_below_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    kill(tmp_path / "data" / "images.npy", "file")
    (tmp_path / "elsewhere").symlink_to(tmp_path / "data")
    found = abandoned(tmp_path)
    assert [path.parent for path in found] == [tmp_path / "data"]


def test_without_replace_nothing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(FileExistsError) as caught, new_folder(tmp_path / "a", replace=False):
        pass
    assert caught.value.filename == str(tmp_path / "a")
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077])
def test_permissions_follow_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_text(tmp_path / "a", "text")
        with new_folder(tmp_path / "b"):
            pass
        with new_file(tmp_path / "secret", mode=0o600):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~umask
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o777 & ~umask
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600 & ~umask


def test_a_name_as_long_as_allowed_has_a_temporary_one(tmp_path: Path) -> None:
    write_text(tmp_path / ("ü" * 127), "text")
    assert names(tmp_path) == ["ü" * 127]
