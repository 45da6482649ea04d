"""What goes to the engine is what `.dockerignore` leaves, plain files only; nothing is waited for."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from lovt_bench.benchmark.submission.docker_context import ContextError, ignore_patterns, open_context

pytest.importorskip("docker", reason="the Docker SDK makes the archive")


def sent(folder: Path) -> set[str]:
    with open_context(folder, "Dockerfile") as stream, tarfile.open(fileobj=stream) as archive:
        return set(archive.getnames())


def test_what_is_ignored_stays_here_and_the_recipe_goes_along(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a:1\n")
    (tmp_path / "data").mkdir()
    for file in ("a.py", "b.log", "data/x.bin", "data/keep.txt"):
        (tmp_path / file).write_text("x")
    (tmp_path / ".dockerignore").write_text("\ufeff# kept out\n*.log\r\ndata\n!data/keep.txt\nDockerfile\n")
    assert {"a.py", "Dockerfile", "data/keep.txt"} <= sent(tmp_path)
    assert not sent(tmp_path) & {"b.log", "data/x.bin"}


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_an_ignore_file_that_is_none_is_named(tmp_path: Path, make) -> None:
    make(tmp_path / ".dockerignore")
    with pytest.raises(ContextError, match=r"dockerignore (is no plain file|is a link)"):
        open_context(tmp_path, "Dockerfile")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\n" * 40_000, "larger than 65536 bytes"),
        (b"\xff\n", "no UTF-8 text .byte 0."),
        (b"a\n" + b"**/" * 30 + b"x\n", "more than 5 of"),
    ],
)
def test_an_ignore_file_is_bounded_text(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / ".dockerignore").write_bytes(content)
    with pytest.raises(ContextError, match=message):
        ignore_patterns(tmp_path)


def test_a_pipe_or_an_endless_file_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a:1\n")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ContextError, match=r"pipe is no plain file; remove it, or name it in .dockerignore"):
        open_context(tmp_path, "Dockerfile")
    (tmp_path / ".dockerignore").write_text("pipe\n")
    assert "pipe" not in sent(tmp_path)
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(ContextError, match="GiB would be sent to the engine"):
        open_context(tmp_path, "Dockerfile")


def test_a_narrow_umask_does_not_close_files_to_the_container(tmp_path: Path) -> None:
    """Images run as a user who does not own what their recipe copied."""
    (tmp_path / "code").mkdir(mode=0o700)
    for name, mode in (("Dockerfile", 0o600), ("code/run.sh", 0o700), ("code/shared", 0o664)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
    with open_context(tmp_path, "Dockerfile") as file, tarfile.open(fileobj=file) as archive:
        found = {entry.name: entry.mode & 0o777 for entry in archive}
    assert found == {"Dockerfile": 0o644, "code": 0o755, "code/run.sh": 0o755, "code/shared": 0o664}
