"""The journalled folder: one holder, no torn line counts, nothing of other sources is gone on with."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.data.errors import DataError
from benchmark.data.work import JOURNAL, Journal, clear, held, partial_folder, work_on
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
