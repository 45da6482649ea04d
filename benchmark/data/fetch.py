"""Download the archives of a dataset whose terms allow it, and unpack them: `lovt-bench data fetch`.

An archive counts only with the published size and MD5. What was cut off goes on where it stopped, in this call and in
the next one; a folder appears under its name only when all of its archive is in it, with the archive's MD5 in a
hidden file. The downloads are `huggingface_hub`'s (docs/decisions/029-downloads-by-the-hubs-client.md).
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

from lovt_bench.benchmark.contract.data_source import Archive, DataSource
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.download import PARTIAL, difference, download
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.disk.temporary import new_folder
from lovt_bench.benchmark.log import logger

MARKER = ".unpacked.md5"
"""File in a folder with the MD5 of the archive that it was unpacked from."""


def fetch(source: DataSource, target: Path) -> list[Path]:
    """Download and unpack what is not in `target` yet, archive after archive; return the folders.

    An archive is removed once it is unpacked. One that lies there already, from a browser, is taken.

    Raises:
        DataError: The terms do not allow it, Python cannot unpack it safely, the disk is too full, the connection does
            not last, or what came is not what was published.
    """
    if not source.archives:
        raise DataError(
            f"{source.dataset} is not fetched: {source.no_fetch}. Go to {source.pages[-1]}; "
            f"`lovt-bench data where {source.dataset}` says what to accept and which files are needed"
        )
    if not hasattr(tarfile, "data_filter"):
        raise DataError(
            "this Python cannot refuse paths that lead out of an archive's folder: take Python 3.11.4 or later"
        )
    with hold(target / ".fetch.lock") as free:
        if not free:
            raise DataError(f"{target}: another process fetches into it; wait for it")
        folders = {target / archive.folder: archive for archive in source.archives}
        lacking = [archive for folder, archive in folders.items() if not _is_there(folder)]
        _check_room(lacking, target)
        for archive in lacking:
            _one(archive, source.pages[0], target)
        for folder, archive in folders.items():
            if not _is_of(folder, archive):
                logger.warning(
                    "%s was not unpacked by this command: its files were not compared; move it away to load them",
                    folder,
                )
        return list(folders)


def _is_there(folder: Path) -> bool:
    """Return whether a folder is there.

    Raises:
        DataError: Something else has its place.
    """
    if not folder.is_dir() and (folder.exists() or folder.is_symlink()):
        raise DataError(f"{folder}: expected a folder or nothing, found something else; move it away")
    return folder.is_dir()


def _is_of(folder: Path, archive: Archive) -> bool:
    """Return whether this command unpacked a folder from the published archive."""
    marker = folder / MARKER
    return marker.is_file() and marker.read_bytes()[:64] == archive.md5.encode()


def _one(archive: Archive, page: str, target: Path) -> None:
    folder, file = target / archive.folder, target / archive.name
    if not file.exists():
        download(archive, page, file)
    elif problem := difference(archive, file):
        raise DataError(f"{file}: {problem}; remove it, and call again")
    _unpack(archive, file, folder)
    for done in (file, file.with_name(file.name + PARTIAL)):
        done.unlink(missing_ok=True)
    logger.info("%s is unpacked", folder)


def _check_room(archives: Sequence[Archive], target: Path) -> None:
    """Refuse to begin where all content, which is about as large as its archive, and one archive find no room."""
    if not archives:
        return
    loaded = 0
    for archive in archives:
        for name in (archive.name, archive.name + PARTIAL):
            if (target / name).is_file():
                loaded += min((target / name).stat().st_size, archive.size)
    sizes = [archive.size for archive in archives]
    needed, free = sum(sizes) + max(sizes) - loaded, shutil.disk_usage(target).free
    if free < needed:
        raise DataError(
            f"{target}: {len(archives)} archives need {needed / 1e9:.1f} GB more with their content, and "
            f"{free / 1e9:.1f} GB are free; free some, or give another disk with --to"
        )


def _unpack(archive: Archive, file: Path, folder: Path) -> None:
    """Unpack an archive; `data` refuses paths and links that lead out of the folder, and devices."""
    try:
        with new_folder(folder, replace=False) as fresh, tarfile.open(file) as packed:
            packed.extractall(fresh, filter="data")
            (fresh / MARKER).unlink(missing_ok=True)
            (fresh / MARKER).write_bytes(archive.md5.encode())
    except tarfile.TarError as error:
        raise DataError(
            f"{file}: cannot be unpacked ({clean_text(str(error), 200)}); remove it, and call again"
        ) from error
