"""What a pull request brings of a backbone that was measured elsewhere: its records, with boxes and counts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.submission import ClaimedTrack
from lovt_bench.leaderboard.board.records import RecordFile, RecordSet, read_records
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.committed import append, as_committed, predicted
from lovt_bench.leaderboard.releases.predictions import append_predictions
from lovt_bench.leaderboard.releases.waiting import committed_records


@dataclass(frozen=True)
class Packed:
    """What was written."""

    files: tuple[str, ...]
    """Files of records, below the folder of records."""
    records: int
    predictions: tuple[str, ...]
    """Files of boxes and counts."""
    masks: int
    """Of these, how many are counts whose masks stay here, by the digest in their record."""
    left_out: int
    """Predictions that are not here, too large, or not what their record says."""
    notes: tuple[str, ...]
    """What reading the results and packing them left out."""


def pack_records(name: str, results: Path, folder: Path, tasks: Collection[str]) -> Packed:
    """Write the records of a backbone, and boxes and counts of its final runs, where a release has them.

    What is there already stays as it is, and records of own data stay where they are.

    Args:
        name: The backbone.
        results: The results of a workspace.
        folder: The folder of records.
        tasks: Ids of the repository's tasks.

    Raises:
        LeaderboardError: There is no record to bring, one names who measured it, a file changed while it was read, or a
            folder is a link.
        OSError: A folder cannot be read.
    """
    found = read_records(results)
    own = tuple(file for file in found.files if file.path.split("/")[1] == name and file.records)
    if not own:
        raise LeaderboardError(f"no run record of {name}; `lovt-bench evaluate {name}` makes them")
    public = _chosen(own, lambda record: record.track in get_args(ClaimedTrack) and record.run.task in tasks)
    committed = as_committed(RecordSet(public))
    there = {
        record.key: file.digests[record.key]
        for file in committed_records(folder, f"*/*/{name}/*.jsonl").files
        for record in file.records
    }
    digests = {key: line for file in committed.files for key, line in file.digests.items()}
    new = _chosen(
        committed.files, lambda record: there.get(record.key, digests[record.key]) == digests[record.key]
    )
    records = RecordSet(new)
    if who := next((record.measured_by for record in records.records if record.measured_by), None):
        raise LeaderboardError(
            f"run records of {name} name {who} as who measured them, which the keeper of a board says of its own "
            "measurements; evaluate in another workspace without LOVT_BENCH_KEEPER"
        )
    notes = [*found.notes]
    if private := _count(own) - _count(public):
        notes.append(f"{private} run records are on data or tasks of your own and stay here")
    if again := _count(committed.files) - _count(new):
        notes.append(f"{again} runs are there already with other lines, which stay as they are")
    if not new:
        raise LeaderboardError("; ".join(["no run record is to be packed", *notes]))
    append(records, results, folder)
    named = {path: file for path, _, file in predicted(records)}
    kept = append_predictions(records, results, folder, {})
    return Packed(
        files=tuple(file.path for file in records.files),
        records=len(records.records),
        predictions=tuple(kept),
        masks=sum(bool(named[path].masks) for path in kept),
        left_out=len(named) - len(kept),
        notes=tuple(notes),
    )


def _chosen(files: Collection[RecordFile], wanted: Callable[[RunRecord], bool]) -> tuple[RecordFile, ...]:
    """Return the files with those of their records alone that are wanted; a file without any is left out."""
    chosen = []
    for file in files:
        records = tuple(record for record in file.records if wanted(record))
        digests = {record.key: file.digests[record.key] for record in records}
        if records:
            chosen.append(replace(file, records=records, digests=digests))
    return tuple(chosen)


def _count(files: Collection[RecordFile]) -> int:
    return sum(len(file.records) for file in files)
