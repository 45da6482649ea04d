"""One walk for all: files in a fixed order, circles end, what is no file says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lovt_bench.benchmark.data.errors import BadImageError
from lovt_bench.benchmark.data.images import read_bytes
from lovt_bench.benchmark.data.walk import (
    CLUTTER,
    FOLDER,
    LOST_LINK,
    MISSING,
    NOT_REGULAR,
    file_problem,
    is_clutter,
    walk,
)
from tests.benchmark.data import spoil


def test_files_come_by_name_and_the_rest_with_its_reason(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.png", "a/x.png", "z.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self.png").symlink_to(tmp_path / "a" / "self.png")
    os.mkfifo(tmp_path / "b" / "pipe.png")
    (tmp_path / "y.png").mkdir()
    (tmp_path / "y.png" / "inner.png").write_bytes(b"x")
    cluttered = spoil.litter(tmp_path / "b")
    found = list(walk(tmp_path))
    files = [entry.path.relative_to(tmp_path).as_posix() for entry in found if entry.passed_over is None]
    assert files == ["z.png", "a/x.png", "b/10.png", "b/2.png", "y.png/inner.png"]
    passed = {entry.path.name: entry.passed_over for entry in found if entry.passed_over != CLUTTER}
    expected = {"self.png": LOST_LINK, "pipe.png": NOT_REGULAR, "y.png": FOLDER}
    assert {name: why for name, why in passed.items() if why} == expected
    assert sum(entry.passed_over == CLUTTER for entry in found) == cluttered


@pytest.mark.parametrize("name", [".DS_Store", "._a.jpg", "__MACOSX", "THUMBS.DB", "Desktop.ini", ".git"])
def test_leavings_of_systems_are_told_from_images(name: str) -> None:
    assert is_clutter(name)
    assert not is_clutter(name.strip("._") + "-1.jpg")


def test_what_cannot_be_read_is_named_and_never_waited_for(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.jpg" for number in range(6)]
    for path in paths:
        path.write_bytes(b"x")
    assert file_problem(paths[0]) is None
    spoil.break_files(paths)
    words = [NOT_REGULAR, FOLDER, LOST_LINK, LOST_LINK, "file is empty (0 bytes)", "Input/output error"]
    for path, word in zip(paths, words, strict=True):
        with pytest.raises(BadImageError) as caught:
            read_bytes(path)
        assert word in str(caught.value)
    assert file_problem(tmp_path / "absent.jpg") == MISSING
