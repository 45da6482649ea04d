"""A version on disk appears whole, and a build removes nothing that it did not write."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.version import BUILD, read_version
from lovt_bench.leaderboard.show.rendering import FORMATS, SUMS
from tests.leaderboard.records import TASKS, record_set, runs
from tests.leaderboard.versions import write_version


def board(value: float = 0.5, version: str = "dev") -> Leaderboard:
    records = record_set(runs("random", "covid_linear", [value, value]))
    return build(records, [], tuple(TASKS.values()), version=version)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_a_version_holds_every_format_and_the_sums_of_their_bytes(tmp_path: Path) -> None:
    files = content(write_version(board(), tmp_path))
    assert set(files) >= {*FORMATS, BUILD, SUMS}
    lines = {line[66:]: line[:64] for line in files.pop(SUMS).decode().splitlines()}
    assert lines == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    assert content(write_version(board(), tmp_path / "a")) == content(write_version(board(), tmp_path / "b"))


def test_dev_is_replaced_whole_and_leaves_nothing_behind(tmp_path: Path) -> None:
    write_version(board(0.5), tmp_path)
    write_version(board(0.6), tmp_path)
    assert read_version(tmp_path) == board(0.6)
    assert [path.name for path in tmp_path.iterdir()] == ["dev"]


def test_a_released_version_never_changes(tmp_path: Path) -> None:
    write_version(board(0.5, "1.2.0"), tmp_path)
    write_version(board(0.5, "1.2.0"), tmp_path)
    with pytest.raises(LeaderboardError, match="never changes"):
        write_version(board(0.6, "1.2.0"), tmp_path)
    assert read_version(tmp_path, "1.2.0") == board(0.5, "1.2.0")


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """`--out ~ --version documents` must not cost anybody their documents."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "thesis.tex").write_text("x")
    with pytest.raises(LeaderboardError, match="no build wrote"):
        write_version(board(), tmp_path)
    assert (tmp_path / "dev" / "thesis.tex").read_text() == "x"


def test_a_file_added_to_a_version_is_not_lost(tmp_path: Path) -> None:
    (write_version(board(), tmp_path) / "remarks.md").write_text("x")
    with pytest.raises(LeaderboardError, match="no build wrote"):
        write_version(board(0.6), tmp_path)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_folder_is_refused(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "out" / "dev"
    target.parent.mkdir()
    if kind == "file":
        target.write_text("x")
    else:
        target.symlink_to(write_version(board(), tmp_path / "other"))
    with pytest.raises(LeaderboardError, match="no build wrote"):
        write_version(board(0.6), tmp_path / "out")


def test_a_version_changed_by_hand_is_not_shown(tmp_path: Path) -> None:
    path = write_version(board(), tmp_path) / "leaderboard.json"
    path.write_text(path.read_text().replace('"mean": 0.5', '"mean": 0.9'))
    with pytest.raises(LeaderboardError, match="changed after the build"):
        read_version(tmp_path)


def test_a_missing_version_names_those_there_are(tmp_path: Path) -> None:
    write_version(board(version="1.2.0"), tmp_path)
    with pytest.raises(LeaderboardError, match=r"no version 'dev'.*found: 1\.2\.0.*leaderboard build"):
        read_version(tmp_path)


@pytest.mark.parametrize("version", ["..", "a/b", "", "Dev", "/tmp", "1.2", "01.2.3", "1.2.3\n"])
def test_a_version_is_a_name_and_no_path(tmp_path: Path, version: str) -> None:
    with pytest.raises(LeaderboardError, match=r"for example 1\.2\.0"):
        read_version(tmp_path, version)
