"""What can be said of a submission's folder without running any of it. Checks return findings, they never print."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.backbone.names import MANIFEST
from lovt_bench.benchmark.contract.audit import AUDIT_FILE, read_audit
from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.benchmark.contract.base import is_built_in
from lovt_bench.benchmark.contract.claims import ONE_PERCENT
from lovt_bench.benchmark.contract.model_file import ModelFileError, read_model
from lovt_bench.benchmark.contract.plain_file import is_plain
from lovt_bench.benchmark.contract.pretraining_data import OTHER, UnknownDataError, vocabulary
from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.benchmark.submission.check_folder import BYTES_LIMIT, code_findings, file_findings
from lovt_bench.benchmark.submission.check_pull_request import pull_request_findings
from lovt_bench.benchmark.submission.declare import FILE, kind_of
from lovt_bench.benchmark.submission.read import (
    SubmissionError,
    check_display_name,
    is_repositorys,
    read_folder,
    submission_names,
    submissions_root,
)


def check_submission(
    folder: Path,
    tasks: Collection[str],
    backbones: Path | None = None,
    roots: Sequence[Path] = (),
    *,
    inside: bool | None = None,
) -> list[Finding]:
    """Return what was found, in the order of looking.

    Args:
        folder: The submission's folder.
        tasks: Ids of the known tasks.
        backbones: `workspace/backbones`: where a backbone of the name is there, its digest is compared.
        roots: Folders of submissions beside this repository's own, whose display names are taken.
        inside: Whether it is to lie in this repository's `submissions/`; None for where it lies.
    """
    try:
        submission = read_folder(folder)
    except SubmissionError as error:
        return [Finding("error", FILE, str(error), "`lovt-bench submission new` shows one that works")]
    own = is_repositorys(folder) if inside is None else inside
    kind = kind_of(submission, folder)
    found = [Finding("ok", FILE, f"valid; {submission.display_name}, kind {kind}")]
    found += _names(submission, folder, own, roots)
    found += _declared(submission)
    found += _claims(submission, tasks)
    if kind == "weights":
        found += _weights(submission, folder, backbones)
    if kind in ("method", "container"):
        found += code_findings(submission, folder)
    found += pull_request_findings(submission, folder, kind, inside=own)
    found += _audit(folder / AUDIT_FILE)
    found += file_findings(folder)
    return found


def _names(submission: Submission, folder: Path, own: bool, roots: Sequence[Path]) -> Iterator[Finding]:
    if submission.name != folder.resolve().name:
        yield Finding(
            "error",
            "name",
            f"{submission.name!r}, but the folder is {folder.resolve().name!r}",
            "rename one of them",
        )
    elif not own and (
        submission.name in submission_names(submissions_root()) or is_built_in(submission.name)
    ):
        yield Finding(
            "error", "name", f"{submission.name!r} is a submission of this repository", "choose another name"
        )
    else:
        yield Finding("ok", "name", f"{submission.name}, as its folder")
    try:
        check_display_name(submission.name, submission.display_name, roots)
    except SubmissionError as error:
        yield Finding("error", "display_name", str(error))


def _declared(submission: Submission) -> Iterator[Finding]:
    if submission.supervision == "unknown":
        yield Finding("warning", "supervision", "unknown", "none, general, labels, self or text")
    if submission.paper is None and submission.weights is not None:
        yield Finding("warning", "paper", "none is named", "paper: https://…")
    if not submission.pretraining_data:
        yield Finding(
            "warning",
            "pretraining_data",
            "not declared: every task counts as unknown",
            "names of `lovt-bench submission data`, or none",
        )
        return
    words = vocabulary()
    try:
        names = words.declare_all(submission.pretraining_data)
    except UnknownDataError as error:
        yield Finding("error", "pretraining_data", str(error))
        return
    titles = ", ".join(map(words.title, names))
    if outside := [name for name in names if name.startswith(OTHER)]:
        shown = ", ".join(map(words.title, outside))
        yield Finding(
            "warning", "pretraining_data", f"{titles}; of {shown} nothing is known", "name its sources"
        )
    else:
        yield Finding("ok", "pretraining_data", titles)


def _claims(submission: Submission, tasks: Collection[str]) -> Iterator[Finding]:
    if not submission.claimed:
        return
    if unknown := [task + meant(task, tasks) for task in submission.claimed if task not in tasks]:
        yield Finding(
            "error", "claimed", f"no task {', '.join(unknown)}", "`lovt-bench tasks list` shows them"
        )
    else:
        yield Finding(
            "ok",
            "claimed",
            f"{len(submission.claimed)} of {len(tasks)} tasks, {submission.claimed_track} data",
        )
    if small := [task for task, number in submission.claimed.items() if 0 < number.value < ONE_PERCENT]:
        first = submission.claimed[small[0]].value
        yield Finding(
            "warning",
            "claimed",
            f"{', '.join(small)}: below 1 % (value: {first:g} is {100 * first:g} %)",
            "claimed values are fractions: 46.3 % is 0.463",
        )


def _weights(submission: Submission, folder: Path, backbones: Path | None) -> Iterator[Finding]:
    weights = submission.weights
    assert weights is not None, "called for this kind only"
    if weights.url is None:
        yield Finding("warning", "weights.url", "nobody else can get the weights", "url: https://…")
    path = folder / weights.file
    # A larger file is not read: the folder is refused for its size.
    if is_plain(path) and path.stat().st_size <= BYTES_LIMIT:
        sha256 = file_sha256(path)
        if sha256 != weights.sha256:
            yield Finding(
                "error",
                weights.file,
                f"SHA-256 {sha256[:16]}…, declared {weights.sha256[:16]}…",
                "declare this file",
            )
        else:
            yield Finding("ok", weights.file, f"SHA-256 as declared, {path.stat().st_size:,} bytes")
    advice = f"lovt-bench submit {submission.name} --weights {weights.file}"
    manifest = _manifest(backbones / submission.name / MANIFEST) if backbones else None
    if weights.backbone_sha256 is None:
        yield Finding("warning", "weights", "no backbone was made of them yet", advice)
    elif manifest is None:
        yield Finding("warning", "backbone", "not in this workspace", advice)
    elif manifest.sha256 != weights.backbone_sha256:
        yield Finding(
            "error",
            "backbone",
            f"the workspace has {manifest.sha256[:16]}…, declared is {weights.backbone_sha256[:16]}…",
            advice,
        )
    else:
        yield Finding(
            "ok", "backbone", f"{manifest.architecture}, SHA-256 {manifest.sha256[:16]}… as declared"
        )


def _audit(path: Path) -> Iterator[Finding]:
    if not is_plain(path):
        return
    try:
        report = read_audit(path)
    except ValueError as error:
        yield Finding("error", AUDIT_FILE, str(error))
        return
    found = [one for one in report.datasets if any(split.matched for split in one.splits.values())]
    copies = f"near copies in {', '.join(one.dataset for one in found)}" if found else "no near copies"
    yield Finding("ok", AUDIT_FILE, f"{report.corpus.images:,} images of the corpus, {copies}")


def _manifest(path: Path) -> BackboneManifest | None:
    try:
        return read_model(path, BackboneManifest)
    except (OSError, ModelFileError):
        return None
