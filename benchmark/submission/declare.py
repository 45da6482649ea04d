"""Declarations of weights from elsewhere: `<folder>/<name>/submission.yaml`, which a pull request brings.

`lovt-bench submit` writes it into the workspace unless told another folder. Where a declaration of the name is there
already, a submitter of the same weights need not repeat what it says, and other weights are refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from benchmark.contract.backbone import BackboneManifest
from benchmark.contract.base import wrong_fields
from benchmark.contract.dataset import Track
from benchmark.contract.strict_yaml import yaml_text
from benchmark.contract.submission import ClaimedNumber, Submission, SubmissionKind, Supervision
from benchmark.disk.temporary import write_text
from benchmark.submission.read import (
    SubmissionError,
    check_texts,
    module_of,
    read_folder,
    read_submission,
    submission_names,
    submissions_root,
)

FILE = "submission.yaml"
ENVIRONMENT = "LOVT_BENCH_SUBMISSIONS"
"""Names the folder that declarations are written to."""

_HEADER = (
    "# Weights that were trained elsewhere, as their submitter declares them. Written by `lovt-bench submit`;\n"
    "# `lovt-bench submission check` checks it after an edit. Fields: docs/submissions.md.\n"
)


@dataclass(frozen=True)
class Said:
    """What a submitter says of weights; None where nothing is said."""

    display_name: str | None = None
    supervision: Supervision | None = None
    paper: str | None = None
    pretraining_data: tuple[str, ...] = ()
    """In their one form (`benchmark.contract.pretraining_data`)."""
    url: str | None = None
    claimed: dict[str, ClaimedNumber] | None = None
    claimed_track: Track | None = None


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
        SubmissionError: the name is a method's, or its file is wrong.
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


def declare(name: str, said: Said, weights: Path, sha256: str, made: BackboneManifest | None) -> Submission:
    """Return the declaration of a weight file.

    Args:
        name: Of the submission.
        said: By the submitter.
        weights: The file; of its path only the name is told.
        sha256: Its digest.
        made: The backbone that was made of it, None where none was yet.

    Raises:
        SubmissionError: a field is not what the contract says.
    """
    fields = {
        "name": name,
        "display_name": said.display_name or name,
        "supervision": said.supervision or "unknown",
        "paper": said.paper,
        "pretraining_data": list(said.pretraining_data),
        "weights": {
            "file": file_label(weights),
            "sha256": sha256,
            "bytes": weights.stat().st_size,
            "url": said.url,
            "architecture": made.architecture if made else "resnet50",
            "backbone_sha256": made.sha256 if made else None,
        },
        "claimed": said.claimed or {},
        "claimed_track": said.claimed_track or "public",
        "licence": "unknown",
    }
    try:
        submission = Submission.model_validate(fields)
    except ValidationError as error:
        raise SubmissionError(f"the declaration does not fit: {wrong_fields(error, Submission)}") from error
    check_texts(submission, "the declaration")
    return submission


def file_label(path: Path) -> str:
    """Return a file's name in the characters that a declaration takes."""
    label = re.sub(r"[^A-Za-z0-9._+-]+", "_", path.name)[:128].lstrip("._+-")
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
        SubmissionError: the folder holds a method, or what was written is not what is read back.
    """
    path = root / submission.name / FILE
    if path.exists() and kind_of(read_folder(path.parent), path.parent) in ("method", "container"):
        raise SubmissionError(f"{path} is a method's; nothing is written")
    write_text(path, _HEADER + declaration_text(submission))
    if read_folder(path.parent) != submission:
        raise SubmissionError(f"{path} does not say what was meant; choose plainer texts")
    return path
