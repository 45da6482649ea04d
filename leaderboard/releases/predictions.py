"""Predictions beside committed records: boxes as they were written, masks as their counts.

`leaderboard/results/<track>/<protocol>/<backbone>/predictions/<task>/<SHA-256 in the record>.parquet`, written once.
Masks themselves stay in the workspace: their record holds the digest of the file with them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from lovt_bench.benchmark.contract.plain_file import PlainFileError, is_there, read_plain
from lovt_bench.benchmark.contract.prediction_file import (
    BOX_COLUMNS,
    COUNT_COLUMNS,
    MASK_COLUMN,
    PredictionFile,
)
from lovt_bench.benchmark.disk.temporary import write_bytes
from lovt_bench.benchmark.log import logger
from lovt_bench.leaderboard.board.records import RecordSet
from lovt_bench.leaderboard.releases.committed import (
    check_no_link,
    predicted,
    read_committed,
    read_predictions,
)
from lovt_bench.leaderboard.show.rendering import digest

LARGEST = 4 * 1024 * 1024
"""Bytes of a committed file. Boxes of an untrained head can have forty times as many."""

_LARGEST_MASKS = 64 * 1024 * 1024
"""Bytes of a file with masks that is read for its counts."""
_MOST_LINES = 10**6


def append_predictions(
    records: RecordSet, results: Path, folder: Path, known: Mapping[str, str], more: bool = True
) -> dict[str, str]:
    """Commit the predictions that the workspace has and return the digests of all that are committed, by path.

    Those that wait there are among them (`waiting`).

    Args:
        records: As `as_committed` gives them.
        results: Results of the workspace.
        folder: The folder of records.
        known: Digests by path of what releases list already: it is kept as it is.
        more: Whether others are committed, too.

    Raises:
        LeaderboardError: A committed folder is a link, or predictions of an older release are lost or were changed.
    """
    kept: dict[str, str] = {}
    for path, record, predictions in predicted(records):
        if path in known:
            read_predictions(folder, path, known[path])
            kept[path] = known[path]
            continue
        if not more:
            continue
        place = results / record.track / record.submission / predictions.file
        check_no_link(folder, path)
        if content := _content(place, predictions):
            write_bytes(folder / path, content)
            kept[path] = digest(content)
        elif is_there(folder / path):
            content = read_committed(folder, path)
            if why_not(content, predictions) is None:
                kept[path] = digest(content)
    return kept


def why_not(content: bytes, expected: PredictionFile) -> str | None:
    """Return why a committed file is not the predictions that a record names, None where it may be.

    Args:
        content: Of the committed file: boxes, or counts without their masks.
        expected: What the record says.
    """
    import pyarrow as pa

    if expected.masks is None:
        return None if digest(content) == expected.sha256 else "is not the file that its record names"
    try:
        kept = _without_masks(content) == content
    except (pa.ArrowException, ValueError, KeyError, OSError):
        return "holds no predictions"
    return None if kept else "holds masks, where their counts alone are kept"


def committed_predictions(
    records: RecordSet, folder: Path, known: Mapping[str, str]
) -> dict[str, tuple[Path, PredictionFile]]:
    """Return by key of a run the committed file of its predictions, and what is expected of that file.

    Args:
        records: As `read_back` gives them.
        folder: The folder of records.
        known: Digests by path, as the release lists them.
    """
    return {
        record.key: (
            folder / path,
            predictions.model_copy(update={"sha256": known[path], "bytes": (folder / path).stat().st_size}),
        )
        for path, record, predictions in predicted(records)
        if path in known
    }


def _content(path: Path, expected: PredictionFile) -> bytes | None:
    """Return what is committed of a file; None where it is not here, too large, or not what its record says."""
    import pyarrow as pa

    limit = _LARGEST_MASKS if expected.masks else LARGEST
    if expected.bytes > limit:
        return None
    try:
        content = read_plain(path, limit)
        if digest(content) != expected.sha256:
            raise ValueError("it is not the file that the record names")
        content = _without_masks(content)
        if len(content) > LARGEST:
            raise ValueError(f"its counts have more than {LARGEST} bytes")
    except FileNotFoundError:
        return None
    except (OSError, PlainFileError, pa.ArrowException, ValueError, KeyError) as error:
        logger.warning("predictions %s are not committed: %s", path.name, " ".join(str(error).split())[:200])
        return None
    return content


def _without_masks(content: bytes) -> bytes:
    """Return the content of a file without its column of masks, if it has one. Raises ValueError for another file."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(content))
    names = tuple(file.schema_arrow.names)
    if names in (BOX_COLUMNS, COUNT_COLUMNS):
        return content
    if names != (*COUNT_COLUMNS, MASK_COLUMN) or file.metadata.num_rows > _MOST_LINES:
        raise ValueError("it holds other columns than predictions")
    table = file.read(columns=list(COUNT_COLUMNS), use_threads=False)
    packed = io.BytesIO()
    pq.write_table(
        table, packed, compression="zstd", row_group_size=max(1, len(table)), write_statistics=False
    )
    return packed.getvalue()
