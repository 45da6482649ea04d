"""All that is known of a submission: its declaration and its backbones, with marks, evidence and numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from lovt_bench.benchmark.contract.backbone import MANIFEST, BackboneManifest
from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.leaderboard import Overlap, Table
from lovt_bench.benchmark.contract.plain_file import holders
from lovt_bench.benchmark.contract.pretraining_data import vocabulary
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.benchmark.submission.declare import kind_of, submission_roots
from lovt_bench.benchmark.submission.find import folders_called, is_path, locate
from lovt_bench.benchmark.submission.read import (
    SubmissionError,
    read_folder,
    read_submission,
    submission_names,
    submissions_root,
)
from lovt_bench.leaderboard.board.build import suite_specs
from lovt_bench.leaderboard.board.declared import read_model
from lovt_bench.leaderboard.board.descriptions import Description, describe
from lovt_bench.leaderboard.board.evidence import LADDER, evidence_of, measured_by
from lovt_bench.leaderboard.board.lineage import overlaps
from lovt_bench.leaderboard.board.notices import mark_disputed, read_notices, withdraw
from lovt_bench.leaderboard.board.records import RecordSet, read_records
from lovt_bench.leaderboard.board.run_table import controls_of, run_table
from lovt_bench.leaderboard.board.selection import select
from lovt_bench.leaderboard.run_plans import expected_by_digests
from lovt_bench.leaderboard.text import clean
from lovt_bench.leaderboard.workspace_sources import board_keeper
from lovt_bench.tasks.registry import load_tasks
from lovt_bench.tasks.suite import load_suite, load_suites, suite_tasks

NOTHING = "–"


class Detail(Model):
    """Everything that is known of one submission."""

    name: str
    kind: str
    where: str
    """Folder of its declaration; empty where there is none."""
    submission: Submission | None
    description: Description
    evidence: str | None
    tables: list[Table]
    """Each with the row of this submission alone, ranked among all that are there."""


def marks_of(folder: Path) -> str | None:
    """Return in a sentence how a declaration is marked; None where it is not valid."""
    try:
        declared = read_folder(folder)
    except SubmissionError:
        return None
    return marks_text(overlaps(declared.pretraining_data, datasets())) + _beside(declared)


def _beside(declared: Submission) -> str:
    """Return what is to be said behind declared data, which leave out the corpus of a method that learns from one."""
    return "" if declared.corpus == "none" else ", beside the corpus that it is given"


def marks_text(marks: Sequence[Overlap]) -> str:
    """Return which datasets are clean, overlapping, unknown, in a sentence."""
    groups = {
        mark: [item.dataset for item in marks if item.mark == mark]
        for mark in ("overlapping", "unknown", "clean")
    }
    if len(groups["clean"]) == len(marks):
        return f"clean on all {len(marks)} datasets"
    return "; ".join(f"{mark}: {', '.join(names)}" for mark, names in groups.items() if names)


def datasets() -> list[str]:
    """Return the evaluation datasets of the board's suite in the order of its tasks."""
    return list(dict.fromkeys(spec.dataset for spec in suite_tasks(load_suite())))


def summaries(workspace: Path) -> tuple[list[dict[str, str]], list[str]]:
    """Return one line per submission, and what is wrong with those that are left out.

    A submission counts as checked as far as the backbone that was checked furthest.
    """
    records = withdraw(read_records(workspace / "results"), read_notices())
    finals = _finals(records)
    declarations, wrong = _readable(_folders(workspace))
    rows = {name: [name] for name in declarations}
    for row, method in _backbones(workspace).items():
        if row != method and method in rows:
            rows[method].append(row)
    described = describe(
        [row for members in rows.values() for row in members],
        submission_roots(workspace),
        workspace / "backbones",
        lambda error: wrong.append(str(error)),
    )
    evaluated = datasets()
    lines = []
    for name, (folder, declared) in declarations.items():
        steps = {row: step for row in rows[name] if (step := _evidence(described[row], finals[row]))}
        marks = overlaps(declared.pretraining_data, evaluated)
        lines.append(
            {
                "name": name,
                "kind": kind_of(declared, folder),
                "supervision": declared.supervision,
                "evidence": max(steps.values(), key=LADDER.index, default=NOTHING),
                "clean": f"{sum(mark.mark == 'clean' for mark in marks)}/{len(marks)}",
                "rows": ", ".join(steps) or NOTHING,
                "pre-training data": _titles(declared.pretraining_data) + _beside(declared),
            }
        )
    return lines, wrong


def detail(name_or_dir: str, workspace: Path) -> Detail:
    """Return everything that is known of a submission, or of a backbone that has none of its name.

    Raises:
        SubmissionError: There is neither.
    """
    there = is_path(name_or_dir) or folders_called(name_or_dir, workspace)
    folder = locate(name_or_dir, workspace)[0] if there else None
    name = folder.name if folder else name_or_dir
    roots = [*([folder.parent] if folder else []), *submission_roots(workspace)]
    notices = read_notices()
    records = withdraw(read_records(workspace / "results"), notices)
    finals = _finals(records)[name]
    if folder is None and name not in _backbones(workspace) and not finals:
        results = (record.submission for record in records.records)
        known = dict.fromkeys([*_folders(workspace), *_backbones(workspace), *results])
        raise SubmissionError(
            f"no submission, backbone or result {clean(name)!r}{meant(name, known)}; "
            "`lovt-bench submission list` shows submissions"
        )
    described = describe([name], roots, workspace / "backbones")
    declared = read_submission(folder.parent, name) if folder else None
    return Detail(
        name=name,
        kind=kind_of(declared, folder) if declared and folder else "backbone",
        where=_shown(folder, workspace) if folder else "",
        submission=declared,
        description=described[name],
        evidence=_evidence(described[name], finals),
        tables=[mark_disputed(table, notices) for table in _tables(name, records, described)],
    )


def data_rows() -> list[dict[str, str]]:
    """Return one line per dataset of the vocabulary."""
    words, evaluated = vocabulary(), datasets()
    return [
        {
            "name": name,
            "title": item.title,
            "kind": item.kind,
            "evaluation data": marks_text(overlaps([name], evaluated)),
            "also written": ", ".join(item.aliases) or NOTHING,
        }
        for name, item in words.datasets.items()
    ]


def _folders(workspace: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for root in submission_roots(workspace):
        for name in submission_names(root):
            found.setdefault(name, root / name)
    return dict(sorted(found.items()))


def _readable(folders: Mapping[str, Path]) -> tuple[dict[str, tuple[Path, Submission]], list[str]]:
    """Return the valid declarations with their folders, and what is wrong with the others."""
    found, wrong = {}, []
    for name, folder in folders.items():
        try:
            found[name] = folder, read_submission(folder.parent, name)
        except SubmissionError as error:
            wrong.append(str(error))
    return found, wrong


def _backbones(workspace: Path) -> dict[str, str]:
    """Return the method of each backbone of the workspace; folders that are none are passed over."""
    found = {
        name: read_model(workspace / "backbones" / name / MANIFEST, BackboneManifest, lambda error: None)
        for name in holders(workspace / "backbones", MANIFEST)
    }
    return {name: manifest.provenance.method for name, manifest in found.items() if manifest}


def _finals(records: RecordSet) -> defaultdict[str, list[RunRecord]]:
    """Return the final runs that tables show, by name of the backbone."""
    finals: defaultdict[str, list[RunRecord]] = defaultdict(list)
    for record in records.records:
        if record.run.phase == "final" and record.run.engine == "fast":
            finals[record.submission].append(record)
    return finals


def _evidence(description: Description, runs: Sequence[RunRecord]) -> str | None:
    keeper, facts = board_keeper(), description.backbone
    ran = {run.run.backbone_sha256 for run in runs}
    same = facts is not None and (facts.sha256 is None or facts.sha256 in ran)
    return evidence_of(
        measured=measured_by(keeper, runs),
        weights_here=facts is not None and facts.sha256 is not None,
        made_here=same and facts is not None and facts.made_by == keeper,
        claimed=bool(description.claimed or runs),
    )


def _tables(name: str, records: RecordSet, described: dict[str, Description]) -> list[Table]:
    """Return the tables that hold the submission, cut down to its row."""
    specs, suites = load_tasks(), load_suites()
    metrics = {spec.id: spec.metric for spec in specs}
    groups, _ = select(records.records, metrics, expected_by_digests(), suites, controls_of(described))
    tables = [
        run_table(group, suite_specs(group, specs, suites), described, keeper=board_keeper())
        for group in groups
        if any(submission == name for submission, _ in group.sets)
    ]
    return [
        table.model_copy(
            update={
                "rows": [row for row in (*table.rows, *table.controls) if row.id == name],
                "controls": [],
                "methods": [],
                "clean": None,
                "frozen": None,
            }
        )
        for table in sorted(tables, key=lambda table: table.id)
    ]


def _titles(declared: Sequence[str]) -> str:
    words = vocabulary()
    return ", ".join(map(words.title, words.read(declared))) or "not declared"


def _shown(folder: Path, workspace: Path) -> str:
    """Return a folder without the path of this machine."""
    for root, label in ((submissions_root().resolve(), "submissions"), (workspace.resolve(), workspace.name)):
        if folder.is_relative_to(root):
            return f"{label}/{folder.relative_to(root).as_posix()}"
    return folder.name
