"""A stranger's file is read without waiting, without following and up to a bound; whatever else lies there is named."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.plain_file import PlainFileError, is_plain, read_plain


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    path.with_name("private").write_text("secret")
    path.symlink_to("private")


def link_to_a_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def listening(path: Path) -> None:
    socket.socket(socket.AF_UNIX).bind(str(path))


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("make", [pipe, Path.mkdir, link_to_a_pipe, device, listening])
def test_what_is_no_plain_file_is_never_opened_for_long(tmp_path: Path, make, follow: bool) -> None:
    make(tmp_path / "x")
    with pytest.raises(PlainFileError, match=r"is a link|is no plain file"):
        read_plain(tmp_path / "x", 10, follow=follow)
    assert not is_plain(tmp_path / "x")


def test_a_link_is_followed_only_where_that_is_asked_for(tmp_path: Path) -> None:
    link(tmp_path / "x")
    with pytest.raises(PlainFileError, match="is a link; put the file itself there"):
        read_plain(tmp_path / "x", 10)
    assert read_plain(tmp_path / "x", 10, follow=True) == b"secret"


def test_a_file_of_any_size_is_read_up_to_the_bound(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(PlainFileError, match="is larger than 10 bytes"):
        read_plain(path, 10)
    path.write_bytes(b"0123456789")
    assert read_plain(path, 10) == b"0123456789"
    assert is_plain(path)


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_plain(tmp_path / "none", 10)
