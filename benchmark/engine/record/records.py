"""Run records on disk: one JSON line per finished run, appended under a lock, never half a line.

Predictions of a run are in their place before the record that names them. A kill in between leaves a file that no
record names; `sweep_predictions` removes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from lovt_bench.benchmark.contract.plain_file import is_plain
from lovt_bench.benchmark.contract.prediction_file import PREDICTIONS
from lovt_bench.benchmark.contract.record_file import RecordFileError, read_record_file
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.disk.digest import write_all
from lovt_bench.benchmark.disk.leftovers import sweep
from lovt_bench.benchmark.disk.lock import try_lock
from lovt_bench.benchmark.disk.temporary import new_file
from lovt_bench.benchmark.disk.words import naming


def append_record(path: Path, record: RunRecord, predictions: bytes | None = None) -> bool:
    """Append one record and force it to disk; a half line that a killed process left is removed first.

    Returns False and writes nothing where a record of that key is there: another process was faster.

    Args:
        path: The file of records.
        record: What to append.
        predictions: Content of the file that the record names, written before it.

    Raises:
        OSError: With the path; nothing of the record is left in the file.
        ValueError: The file is none of records.
    """
    with _locked(path) as file:
        found = read_record_file(path)
        if record.key in found.records:
            return False
        if record.predictions is not None and predictions is not None:
            _write(path.parent / record.predictions.file, predictions)
        _append(file, found.whole, record.to_json(indent=None).encode())
    return True


def append_lines(path: Path, lines: Mapping[str, bytes]) -> int:
    """Append lines that are records, byte for byte, and return how many: those whose key is there stay away.

    Args:
        path: The file of records.
        lines: By key of the run, without line ends.

    Raises:
        OSError: With the path; nothing of them is left in the file.
        ValueError: The file is none of records.
    """
    with _locked(path) as file:
        found = read_record_file(path)
        new = [line + b"\n" for key, line in lines.items() if key not in found.records]
        _append(file, found.whole, b"".join(new))
    return len(new)


def sweep_predictions(path: Path) -> list[Path]:
    """Remove predictions of a task that no record names, and return what was removed.

    Nothing is removed where the file of records was moved away, or holds lines that are no records.

    Args:
        path: The file of records.

    Raises:
        OSError: With the path.
        ValueError: The file is none of records.
    """
    folder = path.parent / PREDICTIONS / path.stem
    if folder.is_symlink() or not (folder.is_dir() and path.exists()):
        return []
    sweep(folder)
    with _locked(path):
        found = read_record_file(path)
        if any(complaint.kind in ("bad", "newer") for complaint in found.complaints):
            return []
        named = {record.predictions.file for record in found.records.values() if record.predictions}
        orphans = [file for file in sorted(folder.glob("[!.]*.parquet")) if _below(path, file) not in named]
        for file in orphans:
            file.unlink(missing_ok=True)
    return orphans


def _below(path: Path, file: Path) -> str:
    return file.relative_to(path.parent).as_posix()


@contextmanager
def _locked(path: Path) -> Iterator[FileIO]:
    """Yield the file of records, made if there is none, locked for this process alone."""
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path) and not is_plain(path):
            raise RecordFileError(f"{path} is no plain file; move it away, run records belong there")
        descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666
        )
        with FileIO(descriptor, "r+") as file:
            try_lock(descriptor, wait=True)
            yield file


def _append(file: FileIO, whole: int, content: bytes) -> None:
    """Write behind the whole lines of a file of records and force it to disk, or leave it as it was."""
    file.truncate(whole)
    file.seek(whole)
    try:
        write_all(file, content)
        os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            file.truncate(whole)
        raise


def _write(target: Path, content: bytes) -> None:
    """Write a file under a temporary name, and force it to disk before it has its own."""
    with new_file(target) as path, path.open("wb", buffering=0) as file:
        write_all(file, content)
        os.fsync(file.fileno())
