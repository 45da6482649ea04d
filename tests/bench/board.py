"""Seconds of the processor and memory that a board takes: python -m tests.bench.board [SUBMISSIONS].

Records are drawn (five final runs per submission and task) and built in this process; the page is rendered from the
board with everything that a submission can have. Wall-clock says little on a machine that others use too.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.show.page import render_page
from lovt_bench.tasks.registry import load_tasks
from tests.leaderboard.records import digest, record_set
from tests.leaderboard.synthetic_board import described_board, synthetic_records

DRAWN = 100

_Made = TypeVar("_Made")


def main(submissions: int) -> None:
    """Print what records, board and page of that many submissions take."""
    records = record_set(many_records(submissions))
    print(f"{submissions} submissions, {len(records.records)} records: {_memory()} MiB")  # noqa: T201
    published, tasks = load_published(), load_tasks()
    board = _timed("board from records", lambda: build(records, published, tasks))
    full = described_board(board)
    files = _timed("page from board", lambda: render_page(full))
    print(f"page: {sum(map(len, files.values())) / 1e6:.1f} MB")  # noqa: T201


def many_records(submissions: int) -> list[RunRecord]:
    """Return five final runs per submission and task; the first hundred are drawn, others lie near to these."""
    drawn = synthetic_records(min(submissions, DRAWN))
    first = [record for record in drawn if record.track == "public"]
    others = (_near(record, turn) for turn in range(1, -(-submissions // DRAWN)) for record in first)
    names = {f"m-{index:03}" for index in range(submissions)}
    return [*drawn, *(record for record in others if record.submission in names)]


def _near(record: RunRecord, turn: int) -> RunRecord:
    """Return the record under another name, of other weights, with other values."""
    name = f"m-{DRAWN * turn + int(record.submission[2:]):03}"
    run = record.run.model_copy(update={"backbone_sha256": digest(name)})
    test = {metric: value * (1 - turn / 1000) for metric, value in record.test.items()}
    changes = {"submission": name, "run": run, "test": test, "key": digest(f"{record.key} {turn}")}
    return record.model_copy(update=changes)


def _timed(what: str, make: Callable[[], _Made]) -> _Made:
    wall, processor = time.perf_counter(), time.process_time()
    made = make()
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    print(f"{what}: {processor:.1f} s of the processor, {wall:.1f} s, peak {_memory()} MiB")  # noqa: T201
    return made


def _memory() -> int:
    """Return the largest size of this process so far in MiB (Linux counts KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
