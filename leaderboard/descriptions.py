"""Who stands behind a row: `submission.yaml` where there is one, else `backbone.json`, else the bare name.

A backbone without a submission of its own name belongs to the one that its manifest names as method: so
`lovt-30` and `lovt-100`, both of method `lovt`, are two rows of one method.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from benchmark.contract.backbone import BackboneManifest
from benchmark.contract.base import Model
from benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from benchmark.contract.submission import Submission, Supervision
from leaderboard.errors import LeaderboardError
from leaderboard.text import clean, is_name
from tasks.messages import explain

_SIZE_LIMIT = 1024 * 1024
"""Bytes of a `backbone.json`."""


class Description(Model):
    """What a row says beside its numbers. Texts are clean (leaderboard.text) but not escaped."""

    display_name: str
    method: str
    """Rows of one method at several fractions share it."""
    fraction: float | None = None
    supervision: Supervision = "unknown"
    paper: str | None = None
    pretraining_data: list[str] = []


def describe(
    names: Iterable[str], submissions: Path | None, backbones: Path | None
) -> dict[str, Description]:
    """Return the description of each submission.

    Args:
        names: Submission names; they are folder names by contract.
        submissions: Folder of submissions, or None.
        backbones: `workspace/backbones`, or None.

    Raises:
        LeaderboardError: a description exists but is not valid.
    """
    return {name: _describe(name, submissions, backbones) for name in sorted(set(names))}


def _describe(name: str, submissions: Path | None, backbones: Path | None) -> Description:
    backbone = _read_backbone(backbones / name / "backbone.json") if backbones else None
    own = _read_submission(submissions, name)
    method = own or (_read_submission(submissions, backbone.provenance.method) if backbone else None)
    texts = [item.display_name for item in (own, backbone) if item]
    display_name = next(filter(None, map(clean, texts)), name)
    data = backbone.provenance.pretraining_data if backbone else []
    data = (method.pretraining_data if method else []) or data
    methods = [method.display_name if method else "", backbone.provenance.method if backbone else ""]
    return Description(
        display_name=display_name,
        method=next(filter(None, map(clean, methods)), display_name),
        fraction=backbone.provenance.fraction if backbone else None,
        supervision=method.supervision if method else "unknown",
        paper=str(method.paper) if method and method.paper else None,
        pretraining_data=[clean(text) for text in data],
    )


def _read_submission(folder: Path | None, name: str) -> Submission | None:
    """Return the submission of that name; None if there is none, or the name cannot be a folder."""
    if folder is None or not is_name(name):
        return None
    path = folder / name / "submission.yaml"
    if not _is_plain_file(path):
        return None
    try:
        submission = Submission.model_validate(read_yaml(path))
    except StrictYamlError as error:
        raise LeaderboardError(str(error)) from error
    except ValidationError as error:
        raise LeaderboardError(explain(path, error)) from error
    if submission.name != name:
        raise LeaderboardError(
            f"{path}: name is {submission.name!r}, expected {name!r} as the folder is called"
        )
    return submission


def _read_backbone(path: Path) -> BackboneManifest | None:
    if not _is_plain_file(path):
        return None
    with path.open("rb") as stream:
        content = stream.read(_SIZE_LIMIT + 1)
    if len(content) > _SIZE_LIMIT:
        raise LeaderboardError(f"{path}: larger than {_SIZE_LIMIT} bytes; this is not a backbone's manifest")
    try:
        return BackboneManifest.model_validate_json(content)
    except ValidationError as error:
        raise LeaderboardError(
            f"{explain(path, error)}\nCheck the folder with `lovt-bench backbone check`."
        ) from error


def _is_plain_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
