"""Which pictures a corpus holds: a folder tree in a fixed order, or a prepared corpus. Nothing is opened but names."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.data.corpus import format as corpus_format
from benchmark.data.errors import DataError

PICTURES = frozenset(
    {".dcm", ".dicom", ".png", ".jpg", ".jpeg", ".jp2", ".tif", ".tiff", ".bmp", ".webp", ".pgm"}
)
"""Endings of picture files, lower case."""

ARCHIVES = frozenset(
    {".zip", ".tar", ".tgz", ".gz", ".7z", ".npz", ".npy", ".h5", ".hdf5", ".lmdb", ".tfrecord"}
)
"""Endings of files that may hold pictures and are not looked into."""

DICOM_MAGIC = b"DICM"
"""After 128 bytes; archives of hospitals name files by their UID, without an ending."""


@dataclass(frozen=True)
class Picture:
    """One picture of a corpus."""

    name: str
    """For messages and for the private list: path within the corpus, or ID of a prepared image. Not to be trusted."""
    path: Path
    key: bytes
    """Changes whenever the file does."""
    row: tuple[int, int, int] | None = None
    """Of a prepared corpus: offset, height and width in `path`."""


@dataclass
class Passed:
    """What a walk came by and did not yield."""

    archives: int = 0
    others: int = 0
    closed: list[str] = field(default_factory=list)
    """Folders that cannot be read."""


def pictures(root: Path, passed: Passed) -> Iterator[Picture]:
    """Yield the pictures of a corpus in a fixed order; count in `passed` what else lies there.

    Symbolic links are followed; a folder that is reached a second time is left out, so that circles end.

    Raises:
        DataError: `root` is no folder, or a prepared corpus that is damaged.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; --corpus names the folder of your pre-training images")
    if (root / corpus_format.MANIFEST).is_file():
        yield from _prepared(root)
    else:
        yield from _walk(root, passed)


def _walk(root: Path, passed: Passed) -> Iterator[Picture]:
    seen: set[tuple[int, int]] = set()
    stack = [root]
    while stack:
        folder = stack.pop()
        try:
            known = folder.stat()
            if (known.st_dev, known.st_ino) in seen:
                continue
            seen.add((known.st_dev, known.st_ino))
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            passed.closed.append(str(folder.relative_to(root)))
            continue
        below = []
        for entry in found:
            try:
                if entry.is_dir():
                    below.append(Path(entry.path))
                    continue
                status = entry.stat()
            except OSError:
                passed.others += 1
                continue
            picture = _picture(root, Path(entry.path), status, passed)
            if picture is not None:
                yield picture
        stack.extend(reversed(below))


def _picture(root: Path, path: Path, status: os.stat_result, passed: Passed) -> Picture | None:
    ending = path.suffix.lower()
    # Pipes and devices would be read for ever.
    if not stat.S_ISREG(status.st_mode):
        passed.others += 1
        return None
    if ending not in PICTURES and not ((ending == "" or ending[1:].isdigit()) and _is_dicom(path)):
        passed.archives += ending in ARCHIVES
        passed.others += ending not in ARCHIVES
        return None
    state = f"\0{status.st_size}\0{status.st_mtime_ns}".encode()
    key = hashlib.sha256(os.fsencode(path.absolute()) + state).digest()
    return Picture(str(path.relative_to(root)), path, key)


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == DICOM_MAGIC
    except OSError:
        return False


def _prepared(root: Path) -> Iterator[Picture]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    identity = corpus_format.read_manifest(root).identity().encode()
    columns = ["id", "offset", "height", "width"]
    try:
        with pq.ParquetFile(root / corpus_format.IMAGES) as table:
            for batch in table.iter_batches(columns=columns):
                for row in batch.to_pylist():
                    where = (int(row["offset"]), int(row["height"]), int(row["width"]))
                    key = hashlib.sha256(identity + repr(where).encode()).digest()
                    yield Picture(str(row["id"]), root / corpus_format.PIXELS, key, where)
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{root}: damaged corpus ({str(error)[:200]}); lovt-bench corpus verify says what is wrong"
        ) from error
