"""Run records on disk: one JSON line per finished run, appended under a lock, never half a line."""

from __future__ import annotations

import os
from contextlib import suppress
from io import FileIO
from pathlib import Path

from benchmark.contract.plain_file import is_plain
from benchmark.contract.record_file import RecordFileError, read_record_file
from benchmark.contract.run_record import RunRecord
from benchmark.disk.digest import write_all
from benchmark.disk.lock import try_lock
from benchmark.disk.words import naming


def results_path(workspace: Path, track: str, submission: str, task: str) -> Path:
    """Return the file of a task's records."""
    return workspace / "results" / track / submission / f"{task}.jsonl"


def load_records(path: Path) -> dict[str, RunRecord]:
    """Return the records of a file by key. A last line without line feed was cut off and does not count.

    Raises:
        ValueError: With file and line: another line is no record or one of a later schema, or the file is none of
            records.
        OSError: The file cannot be read.
    """
    try:
        found = read_record_file(path)
    except FileNotFoundError:
        return {}
    for complaint in found.complaints:
        if complaint.kind == "newer":
            raise ValueError(
                f"{path}, line {complaint.line}: {complaint.text}. Update lovt-bench, or use a workspace of its own "
                f"(--workspace); the line was left as it is"
            )
        if complaint.kind == "bad":
            raise ValueError(
                f"{path}, line {complaint.line}: {complaint.text}. Remove the line, then give the same command again: "
                f"its run is repeated"
            )
    return found.records


def append_record(path: Path, record: RunRecord) -> bool:
    """Append one record and force it to disk; a half line that a killed process left is removed first.

    Returns False and writes nothing where a record of that key is there: another process was faster.

    Raises:
        OSError: With the path; nothing of the record is left in the file.
        ValueError: The file is none of records.
    """
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path) and not is_plain(path):
            raise RecordFileError(f"{path} is no plain file; move it away, run records belong there")
        descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666
        )
        with FileIO(descriptor, "r+") as file:
            try_lock(descriptor, wait=True)
            found = read_record_file(path)
            if record.key in found.records:
                return False
            file.truncate(found.whole)
            file.seek(found.whole)
            try:
                write_all(file, record.to_json(indent=None).encode())
                os.fsync(descriptor)
            except BaseException:
                with suppress(OSError):
                    file.truncate(found.whole)
                raise
    return True
