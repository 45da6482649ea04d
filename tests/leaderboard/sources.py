"""Sources in a line: a throw-away workspace with records, released and verified in tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lovt_bench.benchmark.contract.notice import Notice
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.descriptions import Description
from lovt_bench.leaderboard.board.notices import withdraw
from lovt_bench.leaderboard.board.records import read_records
from lovt_bench.leaderboard.board.stale import Current
from lovt_bench.leaderboard.releases.committed import as_committed
from lovt_bench.leaderboard.releases.sources import ExpectedRuns, Frozen, Sources, gather
from tests.leaderboard.records import TASKS, digest, runs, write

TWO_TASKS = ("covid_linear", "rsna_frozen_1")


def sources(
    folder: Path,
    records: Iterable[RunRecord],
    descriptions: Mapping[str, Description] | None = None,
    current: Current | None = None,
    document: bytes | None = None,
    notices: Sequence[Notice] = (),
) -> Sources:
    """Write records into a new folder and return the sources of a build; no published tables."""
    results = write(folder / "results", records)
    (folder / "published").mkdir(parents=True, exist_ok=True)
    read = read_records(results)
    frozen = Frozen(
        tasks=list(TASKS.values()),
        descriptions=dict(descriptions or {}),
        expected_runs=[
            ExpectedRuns(protocol_sha256=digest("lovt-2022"), profile_sha256=digest("demo"), runs=2)
        ],
        current=current or Current(),
        notices=list(notices),
        notes=list(read.notes),
    )
    kept = withdraw(read, notices)
    return gather(as_committed(kept), results, folder, frozen, folder / "published", document)


def two_rows(better: float = 0.4, **changes: object) -> list[RunRecord]:
    """Return two submissions on two tasks, two runs each."""
    values = {"random": 0.1, "imagenet": better}
    return [
        item
        for name, value in values.items()
        for task in TWO_TASKS
        for item in runs(name, task, [value, value + 0.2], **changes)
    ]
