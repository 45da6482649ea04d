"""Run records on disk: one JSON line per finished run, appended under a lock, never half a line."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from pydantic import ValidationError

from benchmark.contract.run_record import RunRecord


def results_path(workspace: Path, track: str, submission: str, task: str) -> Path:
    """Return the file of a task's records."""
    return workspace / "results" / track / submission / f"{task}.jsonl"


def load_records(path: Path) -> dict[str, RunRecord]:
    """Return the records of a file by key. A last line without line feed was cut off and does not count.

    Raises ValueError naming file and line for any other line that is no record.
    """
    if not path.is_file():
        return {}
    records: dict[str, RunRecord] = {}
    text = path.read_text(encoding="utf-8")
    for number, line in enumerate(text[: text.rfind("\n") + 1].splitlines(), start=1):
        try:
            record = RunRecord.model_validate_json(line)
        except ValidationError as error:
            raise ValueError(
                f"{path}, line {number}: not a run record ({error.errors()[0]['msg']})"
            ) from error
        records.setdefault(record.key, record)
    return records


def append_record(path: Path, record: RunRecord) -> bool:
    """Append one record and force it to disk; a half line that a killed process left is removed first.

    Returns False and writes nothing where a record of that key is there: another process was faster.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if record.key in load_records(path):
            return False
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        file.write(record.to_json(indent=None).encode())
        file.flush()
        os.fsync(file.fileno())
    return True
