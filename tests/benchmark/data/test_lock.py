"""The lock of a preparation: one holder at a time, whenever it comes, and nothing left behind."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.data.errors import DataError
from benchmark.data.lock import preparing


def test_one_holder_at_a_time_and_no_file_left(tmp_path: Path) -> None:
    target = tmp_path / "data" / "rsna"
    for _ in range(2):
        with (
            preparing(target),
            preparing(target.with_name("siim")),
            pytest.raises(DataError, match="rsna is being prepared by another process"),
            preparing(target),
        ):
            pass
        assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("third", [True, False])
def test_a_lock_on_a_file_that_its_holder_removed_is_none(
    third: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A holds, B opens the file, A ends and removes it, B locks what no path leads to: C would come in beside B."""
    path, real = tmp_path / ".lock-rsna", fcntl.flock
    ends: list[Callable[[], object]] = [path.unlink, *([path.touch] if third else [])]

    def late(file: int, operation: int) -> None:
        while ends:
            ends.pop(0)()
        real(file, operation)

    monkeypatch.setattr("benchmark.data.lock.fcntl.flock", late)
    with preparing(tmp_path / "rsna"), path.open() as other, pytest.raises(BlockingIOError):
        real(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_that_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / ".lock-rsna").touch()
    with preparing(tmp_path / "rsna"):
        pass
    assert list(tmp_path.iterdir()) == []
