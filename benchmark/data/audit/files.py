"""Which pictures a corpus holds: a folder tree in a fixed order, or a prepared corpus. Nothing is opened but names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lovt_bench.benchmark.data.corpus import format as corpus_format
from lovt_bench.benchmark.data.displayed import is_dicom
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.walk import CLOSED, CLUTTER, PICTURES, walk

ARCHIVES = frozenset(
    {".zip", ".tar", ".tgz", ".gz", ".7z", ".npz", ".npy", ".h5", ".hdf5", ".lmdb", ".tfrecord"}
)
"""Endings of files that may hold pictures and are not looked into."""


READING = 2
"""Raise when the same file would give other pixels; 2: turned as EXIF says."""


@dataclass(frozen=True)
class Picture:
    """One picture of a corpus."""

    name: str
    """For messages and for the private list: path within the corpus, or ID of a prepared image. Not to be trusted."""
    path: Path
    key: bytes
    """Changes whenever the file does."""
    row: tuple[int, int, int] | None = None
    """In a prepared corpus: offset, height and width in `path`."""


@dataclass
class Passed:
    """What a walk came by and did not yield."""

    archives: int = 0
    others: int = 0
    clutter: int = 0
    """Hidden files, and those that the system left."""
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
    for entry in walk(root):
        if entry.status is not None and _is_picture(entry.path, passed):
            state = f"\0{entry.status.st_size}\0{entry.status.st_mtime_ns}\0{READING}".encode()
            key = hashlib.sha256(os.fsencode(entry.path.absolute()) + state).digest()
            yield Picture(str(entry.path.relative_to(root)), entry.path, key)
        elif entry.passed_over == CLUTTER:
            passed.clutter += 1
        elif entry.passed_over == CLOSED:
            passed.closed.append(str(entry.path.relative_to(root)))
        elif entry.passed_over:
            passed.others += 1


def _is_picture(path: Path, passed: Passed) -> bool:
    ending = path.suffix.lower()
    if ending in PICTURES or ((ending == "" or ending[1:].isdigit()) and _is_dicom(path)):
        return True
    passed.archives += ending in ARCHIVES
    passed.others += ending not in ARCHIVES
    return False


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return is_dicom(stream.read(132))
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
