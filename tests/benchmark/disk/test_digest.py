"""A digest is of what was meant to be written, and a write that takes only a part is continued or an error."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest

from lovt_bench.benchmark.disk.digest import DigestedFile, file_sha256, read_up_to, write_all
from tests.benchmark.disk.room import room_for

CONTENT = bytes(range(256)) * 40


class Reluctant(io.FileIO):
    """A file that takes and gives at most 1000 bytes at a time, as `write(2)` and `read(2)` may."""

    def write(self, content):
        return super().write(memoryview(content)[:1000])

    def read(self, size=-1):
        return super().read(min(size, 1000))


@pytest.mark.parametrize(
    "content", [CONTENT, np.arange(3000, dtype=np.float16).reshape(3, 10, 100).data, b""]
)
def test_a_part_that_was_taken_is_followed_by_the_rest(tmp_path: Path, content: bytes | memoryview) -> None:
    with Reluctant(tmp_path / "file", "w+") as file:
        write_all(file, content)
        file.seek(0)
        assert read_up_to(file, len(bytes(content)) + 5) == bytes(content)


def test_a_disk_that_takes_a_part_and_no_more_is_an_error(tmp_path: Path) -> None:
    with room_for(3000), DigestedFile(tmp_path / "file") as file, pytest.raises(OSError, match="too large"):
        file.write(CONTENT)
    assert (tmp_path / "file").read_bytes() == CONTENT[:3000]


def test_the_digest_is_of_what_was_given_whatever_lies_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with DigestedFile(path) as file, DigestedFile(None) as nowhere:
        for start in range(0, len(CONTENT), 700):
            assert file.write(CONTENT[start : start + 700]) == len(CONTENT[start : start + 700])
            nowhere.write(CONTENT[start : start + 700])
        assert file_sha256(path) == file.sha256
        path.write_bytes(b"something else")
    assert file.sha256 == nowhere.sha256 == hashlib.sha256(CONTENT).hexdigest()
