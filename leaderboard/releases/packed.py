"""What a pull request brings of a backbone that was measured elsewhere: its records, with boxes and counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lovt_bench.leaderboard.board.records import read_records
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.committed import append, as_committed, predicted
from lovt_bench.leaderboard.releases.predictions import append_predictions


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
    """What reading the results left out."""


def pack_records(name: str, results: Path, folder: Path) -> Packed:
    """Write the records of a backbone, and boxes and counts of its final runs, where a release has them.

    What is there already stays as it is.

    Args:
        name: The backbone.
        results: The results of a workspace.
        folder: The folder of records.

    Raises:
        LeaderboardError: There is no record, a file changed while it was read, or a folder is a link.
        OSError: A folder cannot be read.
    """
    found = read_records(results)
    own = tuple(file for file in found.files if file.path.split("/")[1] == name and file.records)
    if not own:
        raise LeaderboardError(f"no run record of {name}; `lovt-bench evaluate {name}` makes them")
    records = as_committed(type(found)(own))
    append(records, results, folder)
    named = {path: file for path, _, file in predicted(records)}
    kept = append_predictions(records, results, folder, {})
    return Packed(
        files=tuple(file.path for file in records.files),
        records=len(records.records),
        predictions=tuple(kept),
        masks=sum(bool(named[path].masks) for path in kept),
        left_out=len(named) - len(kept),
        notes=found.notes,
    )
