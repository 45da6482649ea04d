"""What lies in an output is counted, whatever it is, and no link of it is followed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.run_contract import MIB, Limits
from lovt_bench.benchmark.runtime.output_size import DEPTH, free_bytes, measure

LIMITS = Limits(output_bytes=MIB, output_files=50)


def test_files_folders_links_and_pipes_count(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(bytes(100_000))
    (tmp_path / "link").symlink_to("/")
    os.mkfifo(tmp_path / "pipe")
    usage = measure(tmp_path, LIMITS)
    assert usage.files == 4
    assert 100_000 <= usage.bytes < 150_000
    assert not usage.problem


@pytest.mark.parametrize(
    ("count", "size", "problem"), [(51, 0, "more than 50 files"), (20, 80_000, "more than 1 MiB")]
)
def test_a_passed_limit_is_named(tmp_path: Path, count: int, size: int, problem: str):
    for number in range(count):
        (tmp_path / str(number)).write_bytes(bytes(size))
    assert measure(tmp_path, LIMITS).problem == problem


def test_folders_have_a_depth(tmp_path: Path):
    (tmp_path / "/".join("d" * DEPTH)).mkdir(parents=True)
    limits = Limits(output_files=1000)
    assert not measure(tmp_path, limits).problem
    (tmp_path / "/".join("d" * (DEPTH + 1))).mkdir()
    assert "nested" in measure(tmp_path, limits).problem


def test_a_missing_output_is_empty_and_a_link_in_its_place_a_violation(tmp_path: Path):
    (tmp_path / "link").symlink_to("/usr")
    link = measure(tmp_path / "link", LIMITS)
    assert link.files == measure(tmp_path / "absent", LIMITS).files == 0
    assert "cannot be looked into" in link.problem
    assert not measure(tmp_path / "absent", LIMITS).problem
    assert free_bytes(tmp_path / "absent") > 0


@pytest.fixture
def nobody_special() -> Iterator[Path]:
    """A folder, and this process as its owner who is not root."""
    with tempfile.TemporaryDirectory() as name:
        if os.getuid() == 0:
            os.chown(name, 1000, 1000)
            os.seteuid(1000)
        yield Path(name)
        os.seteuid(os.getuid())


@pytest.mark.parametrize("mode", [0o000, 0o100, 0o300, 0o400])
@pytest.mark.parametrize("place", [".", "folder", "folder/folder"])
def test_what_cannot_be_looked_at_is_a_violation(nobody_special: Path, mode: int, place: str):
    """Without the right to list, or to learn sizes: what lies there would count nothing."""
    closed = nobody_special / place
    (nobody_special / "folder" / "folder").mkdir(parents=True)
    (closed / "file").write_bytes(bytes(1000))
    closed.chmod(mode)
    problem = measure(nobody_special, LIMITS).problem
    closed.chmod(0o700)
    assert "cannot be looked into" in problem
    assert not measure(nobody_special, LIMITS).problem
