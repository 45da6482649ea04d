"""Submissions by name: one folder with a `submission.yaml` each, below `submissions/`."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

import submissions
from benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from benchmark.contract.submission import Submission


class SubmissionError(ValueError):
    """A submission, its folder or its run is not what the contract says. The message says what to do."""


def submissions_root() -> Path:
    """Return the folder of this repository's own submissions."""
    return Path(next(iter(submissions.__path__)))


def submission_names(root: Path) -> list[str]:
    """Return the names of all submissions, sorted."""
    return sorted(path.parent.name for path in root.glob("[!.]*/submission.yaml"))


def read_submission(root: Path, name: str) -> Submission:
    """Return the validated `submission.yaml` of a name.

    Raises:
        SubmissionError: no submission of that name, or a field is wrong; the field is named.
    """
    if name not in submission_names(root):
        raise SubmissionError(f"no submission {name!r}; there: {', '.join(submission_names(root)) or 'none'}")
    path = root / name / "submission.yaml"
    try:
        submission = Submission.model_validate(read_yaml(path))
    except StrictYamlError as error:
        raise SubmissionError(str(error)) from error
    except ValidationError as error:
        fields = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors())
        raise SubmissionError(f"{name}/submission.yaml: {fields}") from error
    if submission.name != name:
        raise SubmissionError(
            f"{name}/submission.yaml names {submission.name!r}; it must be its folder's name"
        )
    return submission
