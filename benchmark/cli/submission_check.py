"""What `lovt-bench submission check` looks at: one folder with all that a workspace knows of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.submission.change_rules import SHARED
from lovt_bench.benchmark.submission.check import check_submission
from lovt_bench.benchmark.submission.declare import submission_roots
from lovt_bench.benchmark.submission.find import beside_text
from lovt_bench.benchmark.submission.read import submissions_root
from lovt_bench.leaderboard.board.descriptions import describe
from lovt_bench.leaderboard.board.records import read_records
from lovt_bench.leaderboard.submission_view import marks_of
from lovt_bench.leaderboard.workspace_sources import contradictions_here
from lovt_bench.tasks.registry import load_tasks


def repository_folders() -> list[Path]:
    """Return every folder of this repository's `submissions/` that is or should be a submission."""
    passed_over = (".", "__")
    return sorted(
        path
        for path in submissions_root().iterdir()
        if path.is_dir() and not path.name.startswith(passed_over) and path.name != SHARED
    )


def findings_of(folder: Path, beside: tuple[Path, ...], workspace: Path) -> list[Finding]:
    """Return what was found in a folder, and in the records of a workspace about it.

    Args:
        folder: Folder of the submission.
        beside: Others of the same name.
        workspace: Its records and backbones are looked at.
    """
    roots = submission_roots(workspace)
    found = check_submission(folder, [spec.id for spec in load_tasks()], workspace / "backbones", roots)
    if text := beside_text(folder.name, folder, beside):
        found.insert(0, Finding("warning", "name", text, "rename one of them"))
    found += _record_findings(folder.name, workspace, roots)
    if (marks := marks_of(folder)) is not None:
        found.append(Finding("ok" if "clean on all" in marks else "warning", "lineage", marks))
    return found


def _record_findings(name: str, workspace: Path, declared: Sequence[Path]) -> Iterator[Finding]:
    """Yield what is wrong with the run records of a submission, or that nothing is; nothing where it has none.

    Args:
        name: Name of the submission.
        workspace: Its results are read whole: equal records may lie under another name.
        declared: Folders of submissions, the first that has a name counts.
    """
    records = read_records(workspace / "results")
    described = describe([name], declared, workspace / "backbones", lambda error: None)
    found = contradictions_here(records, described, declared, workspace)
    own = [item for item in found if item.submission == name]
    count = sum(record.submission == name for record in records.records)
    for item in own:
        remedy = "remove these records; `lovt-bench evaluate` repeats what is missing"
        yield Finding("error", "run records", f"{item.track}: {item.about_task}", remedy)
    if count and not own:
        yield Finding("ok", "run records", f"{count} of them, without a contradiction")
