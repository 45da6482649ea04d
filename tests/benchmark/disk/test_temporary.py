"""A file or a folder appears whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lovt_bench.benchmark.disk.temporary import new_file, new_folder, scratch_folder, write_text


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


def test_a_scratch_folder_vanishes_with_its_block(tmp_path: Path) -> None:
    with scratch_folder(tmp_path / "x") as folder:
        assert list(folder.iterdir()) == []
        (folder / "file").write_text("text")
    with pytest.raises(ValueError), scratch_folder(tmp_path / "x") as folder:
        fail_after_writing(folder / "file")
    assert names(tmp_path) == []
