"""Load one published archive: a part goes on where it was cut off; only the published size and MD5 count."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

from lovt_bench.benchmark.contract.data_source import Archive
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.log import logger

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PARTIAL = ".part"
"""Ending of an archive that is not whole yet."""
_GONE = (401, 403, 404, 410)
"""Answers of a server that the next call will get, too."""


class _OtherContentError(Exception):
    """A whole download is not what was published; the text says in what it differs."""


class _Bounded(io.BufferedRandom):
    """A file that takes no byte beyond a size, so that an answer without end does not fill the disk."""

    def __init__(self, path: Path, size: int) -> None:
        super().__init__(io.FileIO(path, "r+"))
        self._size = size

    def write(self, buffer: ReadableBuffer, /) -> int:
        if self.tell() + memoryview(buffer).nbytes > self._size:
            raise _OtherContentError(f"more than {self._size} bytes came, {self._size} are published")
        return super().write(buffer)


def download(archive: Archive, page: str, file: Path) -> None:
    """Download an archive beside its place, then move it there.

    A part that an earlier call left may be of a file that was changed since: if what came of it is not as published,
    the whole is loaded once more.
    """
    part = file.with_name(file.name + PARTIAL)
    part.touch()
    resumed = part.stat().st_size > 0
    try:
        _load(archive, page, part)
    except _OtherContentError as error:
        part.unlink()
        if not resumed:
            raise DataError(
                f"{archive.url}: {error}. Either the publisher changed the file, or the way here spoils it: call "
                "again, and compare with the publisher's page if it stays so"
            ) from error
        logger.warning("%s: %s; the whole is loaded again", archive.name, error)
        download(archive, page, file)
        return
    part.replace(file)


def _load(archive: Archive, page: str, part: Path) -> None:
    """Bring a part to its full size.

    Raises:
        DataError: No connection, one that does not last, or an address that has moved.
        _OtherContentError: It is whole, and not what was published.
    """
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
    from huggingface_hub.file_download import http_get

    with _Bounded(part, archive.size) as file:
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
        except _OtherContentError:
            raise
        except Exception as error:
            file.flush()
            loaded = part.stat().st_size
            status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
            if status == 416 or "Consistency check failed" in str(error):  # 416: no byte from there on
                raise _OtherContentError(f"{loaded} bytes came, {archive.size} are published") from error
            if status in _GONE:
                raise DataError(
                    f"{archive.url}: the server answers {status}; it may have moved. Load it from {page} with a "
                    f"browser as {part.parent / archive.name}, and call again: it is compared and taken"
                ) from error
            offline = isinstance(error, OfflineModeIsEnabled)
            why = (
                "HF_HUB_OFFLINE is set"
                if offline
                else f"{type(error).__name__}: {clean_text(str(error), 200)}"
            )
            raise DataError(
                f"{archive.url}: {loaded} of {archive.size} bytes came ({why}); call again, the rest goes on from there"
            ) from error
    if problem := difference(archive, part):
        raise _OtherContentError(problem)


def difference(archive: Archive, file: Path) -> str | None:
    """Return in what a file differs from what was published, None if in nothing."""
    size = file.stat().st_size
    if size != archive.size:
        return f"it has {size} bytes, {archive.size} are published"
    with file.open("rb") as content:
        found = hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    return None if found == archive.md5 else f"its MD5 is {found}, {archive.md5} is published"
