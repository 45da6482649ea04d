"""The journalled folder: one holder, no torn line counts, nothing of other sources is gone on with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.npy import create_array, npy_header
from lovt_bench.benchmark.data.work import (
    JOURNAL,
    Journal,
    JournalledFiles,
    clear,
    held,
    partial_folder,
    work_on,
)
from tests.benchmark.disk.room import room_for


def entries(path: Path, accept=lambda entry: True) -> list[bytes]:
    """Return what an earlier process left, as the next one takes it over."""
    journal = Journal(path)
    taken: list[bytes] = []

    def take(entry: bytes) -> bool:
        good = accept(entry)
        taken.extend([entry] * good)
        return good

    journal.restore(take)
    assert list(journal.entries()) == taken
    journal.close()
    return taken


@pytest.fixture
def path(tmp_path: Path) -> Path:
    journal = Journal(tmp_path / JOURNAL)
    journal.append([b'{"n": 1}', b'{"n": 2}'])
    journal.append([b'{"n": 3}'])
    journal.close()
    return tmp_path / JOURNAL


def test_what_was_added_comes_back_and_goes_on(path: Path) -> None:
    assert entries(path) == [b'{"n": 1}', b'{"n": 2}', b'{"n": 3}']
    journal = Journal(path)
    journal.restore()
    journal.append([b'{"n": 4}'])
    assert entries(path)[3:] == [b'{"n": 4}']


@pytest.mark.parametrize("cut", [1, 5, 18])
def test_a_torn_line_ends_what_is_taken_over_and_swallows_no_other(path: Path, cut: int) -> None:
    path.write_bytes(path.read_bytes()[:-cut])
    journal = Journal(path)
    journal.restore()
    journal.append([b'{"n": 5}'])
    assert entries(path)[-1] == b'{"n": 5}'
    assert b'{"n": 3}' not in entries(path)


def test_a_line_that_is_still_json_but_another_one_does_not_count(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'{"n": 2}', b'{"n": 7}'))
    assert entries(path) == [b'{"n": 1}']


def test_what_is_not_accepted_is_cut_off_with_all_that_follow(path: Path) -> None:
    assert entries(path, lambda entry: entry != b'{"n": 2}') == [b'{"n": 1}']
    assert entries(path) == [b'{"n": 1}']


def test_a_line_for_which_there_was_no_room_is_an_error_with_the_path(path: Path) -> None:
    journal = Journal(path)
    journal.restore()
    with room_for(path.stat().st_size + 10), pytest.raises(OSError, match="too large") as caught:
        journal.append([b'{"n": 4}'])
    assert caught.value.filename == str(path)
    assert len(entries(path)) == 3


def test_one_holder_at_a_time_and_no_file_left(tmp_path: Path) -> None:
    target = tmp_path / "data" / "rsna"
    for _ in range(2):
        with (
            held(target),
            held(target.with_name("siim")),
            pytest.raises(DataError, match="rsna is being prepared by another process"),
            held(target),
        ):
            pass
        assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize(("sources", "usable", "begun"), [("a", True, 1), ("b", True, 2), ("a", False, 2)])
def test_only_usable_work_of_the_same_sources_is_gone_on_with(
    tmp_path: Path, sources: str, usable: bool, begun: int
) -> None:
    begins: list[Path] = []
    for one in ("a", sources):
        with work_on(tmp_path / "rsna", one, begins.append, lambda folder: usable) as folder:
            (folder / str(len(begins))).touch()
    assert len(begins) == begun
    assert {path.name for path in folder.iterdir()} == {"sources", str(begun)}


def test_what_is_left_of_work_on_a_finished_folder_goes_but_not_from_under_a_worker(tmp_path: Path) -> None:
    target = tmp_path / "rsna"
    partial_folder(target).mkdir()
    with held(target):
        clear(target)
        assert partial_folder(target).is_dir()
    clear(target)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def files(tmp_path: Path) -> Iterator[JournalledFiles]:
    for name in ("a.npy", "b.npy"):
        create_array(tmp_path / name, (5, 3, 4))
    with closing(JournalledFiles(tmp_path, ["a.npy", "b.npy"])) as opened:
        yield opened


START = len(npy_header((5, 3, 4)))
ROW = np.arange(12, dtype=np.uint8).reshape(3, 4)
SPANS = [("a.npy", START + 36, 12), ("b.npy", START, 12)]


def test_numpy_reads_what_was_written_and_nothing_else_is_touched(
    tmp_path: Path, files: JournalledFiles
) -> None:
    sha256 = files.write([("a.npy", START + 36, ROW.data), ("b.npy", START, bytes(12))])
    assert sha256 == hashlib.sha256(ROW.tobytes() + bytes(12)).hexdigest()
    assert files.read(SPANS, sha256) == [ROW.tobytes(), bytes(12)]
    stored = np.load(tmp_path / "a.npy")
    assert stored.shape == (5, 3, 4)
    np.testing.assert_array_equal(stored[3], ROW)
    assert stored.sum() == ROW.sum()
    assert not np.load(tmp_path / "b.npy").any()


@pytest.mark.parametrize("name", ["a.npy", "b.npy"])
@pytest.mark.parametrize("damage", ["other byte", "shorter file"])
def test_a_piece_that_the_disk_does_not_give_back_is_lost(
    tmp_path: Path, files: JournalledFiles, name: str, damage: str
) -> None:
    sha256 = files.write([("a.npy", START + 36, ROW.data), ("b.npy", START, ROW.data)])
    if damage == "shorter file":
        files.truncate(name, START + 5)
    else:
        with (tmp_path / name).open("r+b") as stream:
            stream.seek(START + 36 if name == "a.npy" else START)
            stream.write(b"x")
    assert files.read(SPANS, sha256) is None


def test_a_piece_for_which_there_is_no_room_is_an_error_with_the_path(
    tmp_path: Path, files: JournalledFiles
) -> None:
    with room_for(START + 20), pytest.raises(OSError, match="too large") as caught:
        files.write([("b.npy", START + 12, ROW.data)])
    assert caught.value.filename == str(tmp_path / "b.npy")
