"""What strangers write beside their weights, read with suspicion: plain files only, bounded, valid or an error.

Whoever shows one submission stops at the error; whoever builds the board of all passes a `Complain` that notes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from lovt_bench.benchmark.contract.audit import AUDIT_FILE, AuditReport
from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.benchmark.contract.base import Model, is_name
from lovt_bench.benchmark.contract.model_file import ModelFileError
from lovt_bench.benchmark.contract.model_file import read_model as read_file
from lovt_bench.benchmark.contract.plain_file import is_there
from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.submission.read import FILE, SubmissionError, check_addresses
from lovt_bench.leaderboard.errors import LeaderboardError

_Read = TypeVar("_Read", bound=Model)

Complain = Callable[[LeaderboardError], None]
"""Is told of a file that is not valid; where it returns, the file counts as if it were not there."""


def stop(error: LeaderboardError) -> None:
    """Raise the error."""
    raise error


def read_audit(
    name: str, folders: Sequence[Path], backbones: Path | None, complain: Complain = stop
) -> AuditReport | None:
    """Return the audit beside the backbone, else the one in the submission's folder."""
    if not is_name(name):
        return None
    places = [*([backbones] if backbones else []), *folders]
    found = (read_model(place / name / AUDIT_FILE, AuditReport, complain) for place in places)
    return next(filter(None, found), None)


def read_submission(folders: Sequence[Path], name: str, complain: Complain = stop) -> Submission | None:
    """Return the submission of that name; None if there is none, or the name cannot be a folder.

    Raises:
        LeaderboardError: Its file is not valid, and `complain` does not take the error.
    """
    try:
        return _submission(folders, name)
    except LeaderboardError as error:
        complain(error)
        return None


def read_model(path: Path, model: type[_Read], complain: Complain = stop) -> _Read | None:
    """Return what a JSON file says, None where there is none.

    Raises:
        LeaderboardError: No plain file, too large, or not what the contract says; where `complain` takes it, None is
            returned.
    """
    try:
        return _model(path, model)
    except LeaderboardError as error:
        complain(error)
        return None


def _submission(folders: Sequence[Path], name: str) -> Submission | None:
    paths = [folder / name / FILE for folder in folders] if is_name(name) else []
    path = next(filter(is_there, paths), None)
    if path is None:
        return None
    try:
        submission = read_file(path, Submission)
        check_addresses(submission, str(path))  # texts are made plain where they are shown
    except (OSError, ModelFileError, SubmissionError) as error:
        raise LeaderboardError(str(error)) from error
    if submission.name != name:
        raise LeaderboardError(
            f"{path}: name is {submission.name!r}, expected {name!r} as the folder is called"
        )
    return submission


def _model(path: Path, model: type[_Read]) -> _Read | None:
    if not is_there(path):
        return None
    try:
        return read_file(path, model)
    except (OSError, ModelFileError) as error:
        remedy = (
            "Check the folder with `lovt-bench backbone check`."
            if issubclass(model, BackboneManifest)
            else "Make it again with `lovt-bench audit`, or remove it."
        )
        raise LeaderboardError(f"{error}\n{remedy}") from error
