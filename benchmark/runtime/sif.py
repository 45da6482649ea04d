"""Images of Apptainer: a SIF file of the user's, or one made of a Docker archive (`docker save`), named by digest."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.benchmark.disk.temporary import scratch_folder, write_text
from lovt_bench.benchmark.submission.read import SubmissionError

BUILD_SECONDS = 2 * 3600.0
MAGIC = b"SIF_MAGIC"
MAGIC_AT = 32
LARGEST = 8 << 20
"""Bytes of a manifest or a configuration in an archive."""


@dataclass(frozen=True)
class Sif:
    """An image as it will be run."""

    path: Path
    digest: str
    """`sha256:` and that of the image's configuration, as Docker names it, or of the file where the user gave one."""


def find_sif(program: str, given: Path, folder: Path, say: Callable[[str], None]) -> Sif:
    """Return the image of a file.

    Args:
        program: Path of `apptainer`.
        given: A SIF file, or a Docker archive of one image.
        folder: Where images that are made lie, named by their digests.
        say: Shows a line to the user.

    Raises:
        SubmissionError: It is neither, or Apptainer cannot make an image of it.
    """
    if not given.is_file():
        raise SubmissionError(
            f"{given} is no file; with --runtime apptainer, --image names a SIF file or what `docker save` wrote"
        )
    with given.open("rb") as file:
        if file.read(MAGIC_AT + len(MAGIC))[MAGIC_AT:] == MAGIC:
            return Sif(given.resolve(), f"sha256:{file_sha256(given)}")
    digest = archive_digest(given)
    made = folder / f"{digest}.sif"
    if not _is_intact(made):
        say(f"making {made} of {given}")
        _build(program, given, made)
    return Sif(made.resolve(), f"sha256:{digest}")


def _noted(made: Path) -> Path:
    """Return the file that holds the SHA-256 of an image that was made, as `sha256sum` writes it."""
    return made.with_suffix(".sif.sha256")


def _is_intact(made: Path) -> bool:
    """Return whether an image that was made is there and has not changed."""
    try:
        return _noted(made).read_text(encoding="utf-8").split()[:1] == [file_sha256(made)]
    except (OSError, UnicodeDecodeError):
        return False


def archive_digest(archive: Path) -> str:
    """Return the digest of the configuration of a Docker archive's image, which names all its layers.

    Raises:
        SubmissionError: It is no such archive, or holds several images.
    """
    try:
        with tarfile.open(archive) as opened:
            manifest = json.loads(_member(opened, "manifest.json"))
            (image,) = manifest
            return hashlib.sha256(_member(opened, str(image["Config"]))).hexdigest()
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SubmissionError(
            f"{archive} is neither a SIF file nor a Docker archive of one image ({clean_text(str(error), 100)}); "
            "`docker save NAME -o FILE.tar` writes one"
        ) from error


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise ValueError(f"{name} in it is no plain file")
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"{name} in it is larger than {LARGEST} bytes")
    return content


def _build(program: str, archive: Path, made: Path) -> None:
    """Write an image under a temporary name, and rename it."""
    with scratch_folder(made) as scratch:
        (scratch / "image.tar").symlink_to(archive.resolve())  # whose name may hold a colon
        command = [program, "--silent", "build", "image.sif", "docker-archive:image.tar"]
        try:
            done = subprocess.run(
                command, cwd=scratch, capture_output=True, check=False, timeout=BUILD_SECONDS,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise SubmissionError(f"Apptainer made no image of {archive} in two hours") from error
        if done.returncode:
            said = done.stderr.decode("utf-8", errors="replace").strip()
            raise SubmissionError(f"Apptainer made no image of {archive}: {clean_text(said[-300:], 300)}")
        (scratch / "image.sif").chmod(0o644)  # a harness that is root runs it as somebody else
        write_text(_noted(made), f"{file_sha256(scratch / 'image.sif')}  {made.name}\n")
        (scratch / "image.sif").rename(made)
