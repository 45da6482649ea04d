"""Declarations of weights from elsewhere: `<folder>/<name>/submission.yaml`, which a pull request brings.

`lovt-bench submit` writes it into the workspace unless told another folder. Where a declaration of the name is there
already, a submitter of the same weights need not repeat what it says, and other weights are refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.benchmark.contract.claims import read_claims
from lovt_bench.benchmark.contract.model_file import ModelFileError, checked
from lovt_bench.benchmark.contract.pretraining_data import vocabulary
from lovt_bench.benchmark.contract.strict_yaml import yaml_text
from lovt_bench.benchmark.contract.submission import Submission, SubmissionKind
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.submission.merge import Stated
from lovt_bench.benchmark.submission.read import (
    FILE,
    SubmissionError,
    check_texts,
    module_of,
    read_folder,
    read_submission,
    submission_names,
    submissions_root,
)

if TYPE_CHECKING:
    from lovt_bench.benchmark.backbone.understand.folders import WeightFiles

ENVIRONMENT = "LOVT_BENCH_SUBMISSIONS"
"""Names the folder that declarations are written to."""

_HEADER = (
    "# Weights that were trained elsewhere, as their submitter declares them. Written by `lovt-bench submit`;\n"
    "# `lovt-bench submission check` checks it after an edit. Fields: docs/submissions.md.\n"
)


def stated(
    tasks: Collection[str],
    *,
    pretraining_data: Iterable[str] = (),
    claimed: Path | None = None,
    weights_url: str | None = None,
    **fields: object,
) -> dict[str, Any]:
    """Return a partial submission: the fields that somebody states, as the contract has them.

    Args:
        tasks: Ids of the known tasks.
        pretraining_data: Names of the vocabulary, `none`, or `other: TEXT`.
        claimed: A CSV file of the results that are claimed.
        weights_url: Where the checkpoint can be had.
        fields: Further ones by name; None where nothing is said.

    Raises:
        UnknownDataError: Data that the vocabulary does not hold.
        ClaimsError: Claimed results that cannot be taken.
    """
    found = {field: value for field, value in fields.items() if value}
    if data := vocabulary().declare_all(pretraining_data):
        found["pretraining_data"] = data
    if weights_url:
        found["weights"] = {"url": weights_url}
    if claimed is not None:
        found["claimed"] = read_claims(claimed, tasks)
    return found


def declarations_root(workspace: Path, given: Path | None = None) -> Path:
    """Return the folder that declarations are written to: given, else of the environment, else in the workspace."""
    return given or Path(os.environ.get(ENVIRONMENT) or workspace / "submissions")


def submission_roots(workspace: Path, given: Path | None = None) -> list[Path]:
    """Return the folders that submissions are looked for in, the first that has a name counts."""
    roots = [declarations_root(workspace, given), submissions_root(), workspace / "submissions"]
    return list(dict.fromkeys(root.resolve() for root in roots))


def kind_of(submission: Submission, folder: Path) -> SubmissionKind:
    """Return what a submission is."""
    if module_of(submission, folder) is not None:
        return "method"
    if submission.weights is not None:
        return "weights"
    if submission.claimed and not (folder / "Dockerfile").exists():
        return "claims"
    return "container"


def find_declaration(name: str, roots: Sequence[Path]) -> Submission | None:
    """Return what is declared of weights of that name, None where nothing is.

    Raises:
        SubmissionError: The name is a method's, or its file is wrong.
    """
    root = next((root for root in roots if name in submission_names(root)), None)
    if root is None:
        return None
    found = read_submission(root, name)
    if found.weights is None and not found.claimed:
        raise SubmissionError(
            f"{name} is a method ({root / name}), no weights from elsewhere; choose another name"
        )
    return found


def declared_twins(name: str, backbone_sha256: str, roots: Sequence[Path]) -> list[str]:
    """Return the other names under which a backbone is declared; files that are not valid are passed over."""
    found = []
    for root in roots:
        for other in submission_names(root):
            try:
                weights = read_submission(root, other).weights if other != name else None
            except SubmissionError:
                continue
            if weights and weights.backbone_sha256 == backbone_sha256:
                found.append(other)
    return list(dict.fromkeys(found))


def declare(
    name: str, said: Stated, weights: WeightFiles, sha256: str, made: BackboneManifest | None = None
) -> Submission:
    """Return the declaration of a weight file.

    Args:
        name: The submission's name.
        said: What is stated of it (`stated`, `merged`).
        weights: The file or folder; of its path only the name is told.
        sha256: Its digest.
        made: The backbone that was made of it, None where none was yet.

    Raises:
        SubmissionError: A field is not what the contract says.
    """
    file = {
        "file": weights.address or file_label(weights.name),
        "sha256": sha256,
        "bytes": weights.size,
        "architecture": made.architecture if made else None,
        "backbone_sha256": made.sha256 if made else None,
    }
    fields = {
        "display_name": name,
        "supervision": "unknown",
        "licence": "unknown",
        **said,
        "name": name,
        "weights": {**said.get("weights", {}), **file},
    }
    try:
        submission = checked(Submission, fields, "the declaration does not fit:")
    except ModelFileError as error:
        raise SubmissionError(str(error)) from error
    check_texts(submission, "the declaration")
    return submission


def file_label(name: str) -> str:
    """Return the name of a file or folder in the characters that a declaration takes."""
    label = re.sub(r"[^A-Za-z0-9._+-]+", "_", name)[:128].lstrip("._+-")
    return label or "weights"


def check_writable(folder: Path) -> None:
    """Raise SubmissionError where a folder could not be made or written; nothing is made."""
    there = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise SubmissionError(
            f"no declaration can be written to {folder}: {there} is no folder that can be written to; "
            "name another with --submissions"
        )


def declaration_text(submission: Submission) -> str:
    """Return a submission as YAML: fields in the contract's order, those at their default left out."""
    said = submission.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return yaml_text(said)


def write_declaration(root: Path, submission: Submission) -> Path:
    """Write a declaration and return its path.

    Raises:
        SubmissionError: The folder holds a method, or what was written is not what is read back.
    """
    path = root / submission.name / FILE
    if path.exists() and kind_of(read_folder(path.parent), path.parent) in ("method", "container"):
        raise SubmissionError(f"{path} is a method's; nothing is written")
    write_text(path, _HEADER + declaration_text(submission))
    if read_folder(path.parent) != submission:
        raise SubmissionError(f"{path} does not say what was meant; choose plainer texts")
    return path
