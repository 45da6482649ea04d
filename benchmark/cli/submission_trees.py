"""Two small workspaces, without a change and with it: declarations, records, boxes; nothing else is written."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.disk.temporary import write_bytes
from lovt_bench.benchmark.engine.record.records import append_lines
from lovt_bench.benchmark.submission.change import GONE, Change, ChangedFile, contents, write_before
from lovt_bench.benchmark.submission.change_rules import RESULTS, is_prediction
from lovt_bench.leaderboard.board.records import RecordFile, RecordSet
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.committed import lines_of, read_committed
from lovt_bench.leaderboard.releases.waiting import (
    committed_records,
    line_problems,
    lines_by_run,
    prediction_problem,
)

_READ = ("/submission.yaml", "/audit.json", "/Dockerfile", ".jsonl")
_SHOWN = 5
"""Lines of one file that are named."""


@dataclass(frozen=True)
class Trees:
    """Folders with `submissions/`, `leaderboard/results/` and, as a build reads them, `results/`."""

    before: Path
    after: Path
    added: RecordSet
    """The records that the change adds, in the files that it adds them to."""
    findings: tuple[Finding, ...]
    """What is no record, and no predictions of one."""


def write_trees(change: Change, name: str, texts: Mapping[str, bytes], folder: Path) -> Trees:
    """Write both below a new folder.

    Args:
        change: Whose paths are all allowed (`change_rules`).
        name: The submission: of it all files are written.
        texts: What its files hold and held, by id.
        folder: A new folder.
    """
    before, after = folder / "before", folder / "after"
    before.mkdir(parents=True)
    write_before(change, before, ("submissions", RESULTS), _READ)
    write_before(change, before, (f"submissions/{name}",), ("",))
    shutil.copytree(before, after)
    added: dict[str, Collection[str]] = {}
    for file in change.files:
        path = after / file.path
        if file.mode == GONE:
            path.unlink(missing_ok=True)
        elif file.path.startswith(f"{RESULTS}/") and not is_prediction(file.path):
            new = texts[file.blob].removeprefix(texts.get(file.before or "", b""))
            there = path.read_bytes() if path.exists() else b""
            added[file.path.removeprefix(f"{RESULTS}/")] = lines_of(new).keys() - lines_of(there).keys()
            write_bytes(path, there + new)
        else:
            write_bytes(path, texts[file.blob])
    for place in (before, after):
        (place / "results").mkdir()
        for path_of_run, lines in lines_by_run(place / RESULTS).items():
            append_lines(place / "results" / path_of_run, lines)
    new_records = _added(after / RESULTS, added)
    done = committed_records(before / RESULTS, f"*/*/{name}/*.jsonl")
    found = [*_problems(after / RESULTS, change.files, added), *_done_before(new_records, done)]
    return Trees(before, after, new_records, tuple(found))


def read_texts(change: Change) -> dict[str, bytes]:
    """Return what the files of a change hold and held, by id; the caller has looked at their sizes."""
    return contents(
        change, [blob for file in change.files if file.is_file for blob in (file.blob, file.before) if blob]
    )


def _added(folder: Path, added: Mapping[str, Collection[str]]) -> RecordSet:
    """Return the records of added lines; a line beside one of the same key counts where it is the last."""
    files = []
    for file in committed_records(folder).files:
        new = added.get(file.path, ())
        records = tuple(record for record in file.records if file.digests[record.key] in new)
        if records:
            files.append(RecordFile(file.path, file.sha256, records, digests=file.digests))
    return RecordSet(tuple(files))


def _done_before(added: RecordSet, done: RecordSet) -> Iterator[Finding]:
    """Yield which added records are of runs that are there: they would stand for the first ones in the next build."""
    known = {record.key for record in done.records}
    for file in added.files:
        keys = {record.key for record in file.records}
        if again := len(keys & known):
            yield Finding(
                "error",
                clean_text(f"{RESULTS}/{file.path}", 300),
                f"{again} of its added runs are there already",
                "take these lines out: a run is done once, and its first record counts",
            )
        known |= keys


def _problems(
    folder: Path, files: Collection[ChangedFile], added: Mapping[str, Collection[str]]
) -> list[Finding]:
    found = []
    for path, lines in added.items():
        problems = line_problems(folder, path, lines)
        shown = clean_text(f"{RESULTS}/{path}", 300)
        if not read_committed(folder, path).endswith(b"\n"):
            problems.append("its last line has no line feed")
        for text in problems[:_SHOWN]:
            found.append(
                Finding("error", shown, text, "bring records as `lovt-bench submission pack` writes them")
            )
        if (more := len(problems) - _SHOWN) > 0:
            found.append(Finding("error", shown, f"and {more} more lines"))
    for path in (file.path for file in files if file.is_file and is_prediction(file.path)):
        try:
            problem = prediction_problem(folder, path.removeprefix(f"{RESULTS}/"))
        except LeaderboardError as error:
            problem = str(error)
        if problem:
            found.append(Finding("error", clean_text(path, 300), problem, "remove it"))
    return found
