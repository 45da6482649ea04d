"""An OSError is told in a sentence that has the path, whoever raised it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lovt_bench.benchmark.disk.temporary import new_file
from lovt_bench.benchmark.disk.words import explain, naming

KNOWN = [
    "ENOSPC",
    "EROFS",
    "EACCES",
    "EPERM",
    "ENOLCK",
    "ENOSYS",
    "ENOENT",
    "ENOTDIR",
    "EISDIR",
    "EIO",
    "ELOOP",
]


@pytest.mark.parametrize("name", KNOWN)
def test_each_failure_names_path_and_remedy(name: str) -> None:
    number = getattr(errno, name)
    sentence = explain(OSError(number, os.strerror(number), "work/data"))
    assert sentence.startswith("work/data: ")
    assert sentence.endswith(".")
    assert "Errno" not in sentence


def test_an_unknown_failure_keeps_the_words_of_the_system() -> None:
    assert explain(OSError(errno.EPIPE, "Broken pipe", "a")) == "a: Broken pipe"
    assert explain(FileNotFoundError("no image store at x")) == "no image store at x"


def test_a_failed_write_gets_the_path_and_another_path_stays() -> None:
    with pytest.raises(OSError) as caught, naming(Path("a/b")):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == "a/b"
    with pytest.raises(OSError) as caught, naming(Path("a/b")):
        raise OSError(errno.ENOSPC, "No space left on device", "c")
    assert caught.value.filename == "c"


def test_a_full_disk_names_the_file_that_was_written() -> None:
    with pytest.raises(OSError) as caught, naming(Path("results/a.jsonl")):
        Path("/dev/full").write_bytes(b"x")
    assert explain(caught.value).startswith("results/a.jsonl: the disk is full.")


def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "workspace").write_text("")
    with pytest.raises(OSError) as caught, new_file(tmp_path / "workspace" / "data" / "a"):
        pass
    assert "a folder was expected" in explain(caught.value)
