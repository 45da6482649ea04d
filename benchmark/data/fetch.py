"""Download the archives of a dataset whose terms allow it, and unpack them: `lovt-bench data fetch`.

An archive counts only with the published size and MD5. What was cut off goes on where it stopped, in this call and in
the next one; a folder appears under its name only when all of its archive is in it. The downloads are
`huggingface_hub`'s (docs/decisions/029-downloads-by-the-hubs-client.md).
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from pathlib import Path

from lovt_bench.benchmark.contract.data_source import Archive, DataSource
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.disk.temporary import new_folder
from lovt_bench.benchmark.log import logger

PARTIAL = ".part"
"""Ending of an archive that is not whole yet."""


class _OtherContentError(Exception):
    """A whole download is not what was published; the text says in what it differs."""


def fetch(source: DataSource, target: Path) -> list[Path]:
    """Download and unpack what is not in `target` yet, archive after archive; return the folders.

    An archive is removed once it is unpacked. One that lies there already, from a browser, is taken.

    Raises:
        DataError: The terms do not allow it, the disk is too full, the connection does not last, or what came is not
            what was published.
    """
    if not source.archives:
        raise DataError(
            f"{source.dataset} is not fetched: {source.no_fetch}. Go to {source.pages[-1]}; "
            f"`lovt-bench data where {source.dataset}` says what to accept and which files are needed"
        )
    with hold(target / ".fetch.lock") as free:
        if not free:
            raise DataError(f"{target}: another process fetches into it; wait for it")
        return [_one(archive, target) for archive in source.archives]


def _one(archive: Archive, target: Path) -> Path:
    folder = target / archive.folder
    if folder.is_dir():
        logger.info("%s is there", folder)
        return folder
    file = target / archive.name
    if not file.exists():
        _check_room(archive, target)
        _download(archive, file)
    elif problem := _difference(archive, file):
        raise DataError(f"{file}: {problem}; remove it, and call again")
    _unpack(file, folder)
    file.unlink()
    logger.info("%s is unpacked", folder)
    return folder


def _check_room(archive: Archive, target: Path) -> None:
    """Refuse to begin where an archive and its content, which hardly shrinks, find no room."""
    needed, free = 2 * archive.size, shutil.disk_usage(target).free
    if free < needed:
        raise DataError(
            f"{target}: {archive.name} needs {needed / 1e9:.1f} GB with its content, and {free / 1e9:.1f} GB are free; "
            "free some, or give another disk with --to"
        )


def _download(archive: Archive, file: Path) -> None:
    """Download an archive beside its place, then move it there.

    A part that an earlier call left may be of a file that was changed since: if what came of it is not as published,
    the whole is loaded once more.
    """
    part = file.with_name(file.name + PARTIAL)
    part.touch()
    resumed = part.stat().st_size > 0
    try:
        _load(archive, part)
    except _OtherContentError as error:
        part.unlink()
        if not resumed:
            raise DataError(
                f"{archive.url}: {error}. Either the publisher changed the file, or the way here spoils it: call "
                "again, and compare with the publisher's page if it stays so"
            ) from error
        logger.warning("%s: %s; the whole is loaded again", archive.name, error)
        _download(archive, file)
        return
    part.replace(file)


def _load(archive: Archive, part: Path) -> None:
    """Bring a part to its full size.

    Raises:
        DataError: No connection, or one that does not last.
        _OtherContentError: It is whole, and not what was published.
    """
    from huggingface_hub.errors import OfflineModeIsEnabled
    from huggingface_hub.file_download import http_get

    with part.open("r+b") as file:
        file.seek(0, 2)
        if file.tell() > archive.size:
            file.seek(0)
            file.truncate()
        try:
            http_get(
                archive.url,
                file,
                resume_size=file.tell(),
                headers={"Accept-Encoding": "identity"},
                expected_size=archive.size,
                displayed_filename=archive.name,
            )
        except Exception as error:
            file.flush()
            loaded = part.stat().st_size
            if loaded > archive.size or "Consistency check failed" in str(error):
                raise _OtherContentError(f"{loaded} bytes came, {archive.size} are published") from error
            offline = isinstance(error, OfflineModeIsEnabled)
            why = (
                "HF_HUB_OFFLINE is set"
                if offline
                else f"{type(error).__name__}: {clean_text(str(error), 200)}"
            )
            raise DataError(
                f"{archive.url}: {loaded} of {archive.size} bytes came ({why}); call again, the rest goes on from there"
            ) from error
    if problem := _difference(archive, part):
        raise _OtherContentError(problem)


def _difference(archive: Archive, file: Path) -> str | None:
    """Return in what a file differs from what was published, None if in nothing."""
    size = file.stat().st_size
    if size != archive.size:
        return f"it has {size} bytes, {archive.size} are published"
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "md5").hexdigest()
    return None if found == archive.md5 else f"its MD5 is {found}, {archive.md5} is published"


def _unpack(file: Path, folder: Path) -> None:
    """Unpack an archive; `data` refuses paths and links that lead out of the folder, and devices."""
    try:
        with new_folder(folder, replace=False) as fresh, tarfile.open(file) as archive:
            archive.extractall(fresh, filter="data")
    except tarfile.TarError as error:
        raise DataError(
            f"{file}: cannot be unpacked ({clean_text(str(error), 200)}); remove it, and call again"
        ) from error
