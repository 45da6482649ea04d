"""What a killed writer left is found, put back or removed; what a living one makes is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lovt_bench.benchmark.disk.leftovers import abandoned, discard, remove, sweep
from lovt_bench.benchmark.disk.temporary import new_file, new_folder, scratch_folder, write_text

KILLED = """
import os, signal, sys
from pathlib import Path
from lovt_bench.benchmark.disk import temporary
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
if kind == "removal":
    os.rmdir = lambda *path, **more: os.kill(os.getpid(), signal.SIGKILL)
with temporary.new_folder(target) as folder:
    (folder / "a").write_text("new")
    if kind == "folder":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def kill(target: Path, kind: str) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(target), kind], check=False)
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_killed_writer_left_goes_with_the_next_call(tmp_path: Path, kind: str) -> None:
    kill(tmp_path / "target.npy", kind)
    assert [path.name[:15] for path in abandoned(tmp_path)] == [".tmp-target.npy"]
    write_text(tmp_path / "another", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["another"]


def test_a_folder_that_was_being_replaced_is_put_back(tmp_path: Path) -> None:
    target = tmp_path / "rsna"
    with new_folder(target) as folder:
        (folder / "a").write_text("old")
    kill(target, "between")
    assert not target.exists()
    sweep(tmp_path)
    assert (target / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["rsna"]


def test_half_an_old_folder_is_not_put_back_and_goes(tmp_path: Path) -> None:
    target = tmp_path / "rsna"
    with new_folder(target) as folder:
        (folder / "a").write_text("old")
    kill(target, "removal")
    assert (target / "a").read_text() == "new"
    remove(target)
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


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


def test_a_link_is_removed_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("text")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    for name in ("link", "absent"):
        remove(tmp_path / name)
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "file"]
    remove(tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_removed_stops_nothing_else() -> None:
    """Folders that their owner may not write to keep what is in them, and nothing beside them stays."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if os.getuid() == 0:
            os.chown(place, 1000, 1000)
            os.seteuid(1000)
        try:
            with scratch_folder(place / "rsna") as scratch:
                for number in range(12):
                    (scratch / f"{number}").mkdir()
                    (scratch / f"{number}" / "file").touch()
                closed = [scratch / f"{number}" for number in (3, 7)]
                for folder in closed:
                    folder.chmod(0o500)
            assert sorted(scratch.iterdir()) == sorted(closed)
            with pytest.raises(PermissionError, match="file"):
                discard(scratch)
            for folder in closed:
                folder.chmod(0o700)
            assert sweep(place) == [scratch]
            assert list(place.iterdir()) == []
        finally:
            os.seteuid(os.getuid())
