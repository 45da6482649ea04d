"""A file that changed in any way is read again, one that did not is not; nothing that is remembered hides damage."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from lovt_bench.benchmark.disk.intact import VERIFIED, damage

CONTENT = b"0123456789"
FILES = {"a": hashlib.sha256(CONTENT).hexdigest(), "b": hashlib.sha256(CONTENT * 2).hexdigest()}
DIFFERS = {"a": "content differs from its digest"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files, old enough to be remembered."""
    monkeypatch.setattr("lovt_bench.benchmark.disk.intact._SETTLED", 0)
    (tmp_path / "a").write_bytes(CONTENT)
    (tmp_path / "b").write_bytes(CONTENT * 2)
    return tmp_path


def reads(folder: Path) -> bool:
    """Say whether files are read, not only looked at: a record that lies is believed then and only then."""
    known = json.loads((folder / VERIFIED).read_text())
    (folder / VERIFIED).write_text(
        json.dumps({name: one | {"sha256": "0" * 64} for name, one in known.items()})
    )
    believed = not damage(folder, {"a": "0" * 64})
    (folder / VERIFIED).write_text(json.dumps(known))
    return not believed


def test_what_is_as_its_digest_says_is_remembered(folder: Path) -> None:
    assert damage(folder, FILES) == {}
    assert not reads(folder)
    before = (folder / VERIFIED).stat().st_mtime_ns
    assert damage(folder, FILES) == {}
    assert (folder / VERIFIED).stat().st_mtime_ns == before


@pytest.mark.parametrize("times", ["new", "restored"])
@pytest.mark.parametrize("way", ["in place", "replaced"])
def test_a_changed_file_is_found_even_if_its_size_and_times_are_as_before(
    folder: Path, way: str, times: str
) -> None:
    damage(folder, FILES)
    path = folder / "a"
    before = path.stat()
    if way == "replaced":
        path.unlink()
    path.write_bytes(b"0123x56789")
    if times == "restored":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert damage(folder, FILES) == DIFFERS
    assert damage(folder, FILES) == DIFFERS


def test_another_digest_for_an_unchanged_file_is_damage(folder: Path) -> None:
    damage(folder, FILES)
    assert damage(folder, FILES | {"a": FILES["b"]}) == DIFFERS


def test_whoever_does_not_trust_reads_all(folder: Path) -> None:
    damage(folder, FILES)
    known = json.loads((folder / VERIFIED).read_text())
    (folder / "a").write_bytes(b"0123x56789")
    found = (folder / "a").stat()
    known["a"] |= {"mtime_ns": found.st_mtime_ns, "ctime_ns": found.st_ctime_ns}
    (folder / VERIFIED).write_text(json.dumps(known))
    assert damage(folder, FILES) == {}
    assert damage(folder, FILES, trust=False) == DIFFERS
    assert damage(folder, FILES) == DIFFERS  # what was found is not forgotten


def test_a_file_that_was_just_changed_is_not_remembered(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    assert damage(tmp_path, {"a": FILES["a"]}) == {}
    assert not (tmp_path / VERIFIED).exists()


def test_what_is_no_file_is_damage_and_no_wait(folder: Path) -> None:
    (folder / "a").unlink()
    assert damage(folder, FILES) == {"a": "is missing"}
    os.mkfifo(folder / "a")
    assert damage(folder, FILES) == {"a": "is no file"}
    (folder / "a").unlink()
    (folder / "a").mkdir()
    assert damage(folder, FILES) == {"a": "is no file"}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', "[" * 100_000])
def test_a_record_that_cannot_be_read_counts_for_nothing(folder: Path, content: str) -> None:
    (folder / VERIFIED).write_text(content)
    (folder / "a").write_bytes(b"x")
    assert damage(folder, FILES) == DIFFERS
