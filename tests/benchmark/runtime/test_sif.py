"""Images of Apptainer: named by what they hold, made once, and made anew where they have changed."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from lovt_bench.benchmark.runtime.sif import Sif, archive_digest, find_sif
from lovt_bench.benchmark.submission.read import SubmissionError


def write_archive(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def test_an_image_of_an_archive_is_named_as_docker_names_it(tmp_path: Path) -> None:
    config = b'{"os": "linux"}'
    manifest = json.dumps([{"Config": "blobs/sha256/x", "Layers": []}]).encode()
    archive = write_archive(tmp_path / "a.tar", {"manifest.json": manifest, "blobs/sha256/x": config})
    assert archive_digest(archive) == hashlib.sha256(config).hexdigest()


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"manifest.json": b"[]"},
        {"manifest.json": b'[{"Config": "a"}, {"Config": "b"}]'},
        {"manifest.json": b'[{"Config": "a"}]'},
        {"manifest.json": b'[{"Config": 3}]'},
        {"manifest.json": b'{"Config": "a"}'},
        {"manifest.json": b"[" * 100_000},
        {"manifest.json": b"[" + b" " * (9 << 20) + b"]"},
    ],
    ids=["empty", "no image", "two", "no configuration", "a number", "no list", "deep", "large"],
)
def test_an_archive_that_is_none_is_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    archive = write_archive(tmp_path / "a.tar", files)
    with pytest.raises(SubmissionError, match="neither a SIF file nor a Docker archive of one image"):
        find_sif("false", archive, tmp_path, lambda line: None)


def test_a_file_of_the_users_is_named_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "a.sif"
    file.write_bytes(b"#!/usr/bin/env run-singularity\n\0SIF_MAGIC\0" + bytes(99))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert find_sif("false", file, tmp_path, lambda line: None) == Sif(file, f"sha256:{digest}")


def test_what_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    files = {"manifest.json": b'[{"Config": "a"}]', "a": b"{}"}
    archive = write_archive(tmp_path / "a:b.tar", files)
    with pytest.raises(SubmissionError, match=r"Apptainer made no image of .*a:b\.tar"):
        find_sif("false", archive, tmp_path / "images", lambda line: None)
    assert not list((tmp_path / "images").iterdir())


def test_an_image_that_has_changed_is_made_anew(tmp_path: Path) -> None:
    """A file of the right name that holds something else would run under the digest of Docker's image."""
    program = tmp_path / "apptainer"
    program.write_text('#!/bin/sh\n[ "$2" = build ] && echo made >"$3"\n')
    program.chmod(0o755)
    files = {"manifest.json": b'[{"Config": "a"}]', "a": b"{}"}
    archive = write_archive(tmp_path / "a.tar", files)
    said: list[str] = []
    image = find_sif(str(program), archive, tmp_path / "images", said.append)
    assert find_sif(str(program), archive, tmp_path / "images", said.append) == image
    assert len(said) == 1
    image.path.write_text("junk\n")
    assert find_sif(str(program), archive, tmp_path / "images", said.append) == image
    assert image.path.read_text() == "made\n"
    image.path.with_suffix(".sif.sha256").unlink()
    find_sif(str(program), archive, tmp_path / "images", said.append)
    assert len(said) == 3
