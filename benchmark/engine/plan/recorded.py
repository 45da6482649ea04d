"""What is recorded already: read anew each time, since other processes may write records too."""

from __future__ import annotations

from pathlib import Path

from lovt_bench.benchmark.contract.record_file import read_record_file
from lovt_bench.benchmark.contract.run_record import RunRecord


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
