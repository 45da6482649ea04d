"""What a pull request of a submission may change: its own folder, and lines and predictions added for its own row."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.contract.base import NAME_RULE, is_built_in, is_name
from lovt_bench.benchmark.contract.display_name import alike
from lovt_bench.benchmark.contract.submission import ClaimedTrack
from lovt_bench.benchmark.contract.unknown import nearest
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.submission.change import GONE, LINK, REPOSITORY, ChangedFile
from lovt_bench.benchmark.submission.check_folder import BYTES_LIMIT, FILES_LIMIT

LARGEST_FILE = 16 << 20
"""Bytes of one file of a change: of records, of a submission. A declaration has one thousand."""
LARGEST_CHANGE = 4 * BYTES_LIMIT
"""Bytes of all files of a change; most are boxes."""
MOST_FILES = 10 * FILES_LIMIT
SHARED = "common"
"""The folder of `submissions/` that holds what methods share."""

RESULTS = "leaderboard/results"
_RECORDS = re.compile(rf"{RESULTS}/(?P<track>[^/]+)/[^/]+/(?P<name>[^/]+)/(?P<task>[^/]+)\.jsonl")
_PREDICTIONS = re.compile(
    rf"{RESULTS}/(?P<track>[^/]+)/[^/]+/(?P<name>[^/]+)/predictions/(?P<task>[^/]+)/[0-9a-f]{{64}}\.parquet"
)
_SUBMISSIONS = "submissions/"
_OWN = re.compile(rf"{_SUBMISSIONS}(?P<name>[^/]+)(?:/(?!\.git)[A-Za-z0-9._-]{{1,100}})+")
"""A file of a submission: what git reads by itself (`.gitattributes`) is none."""
_ELSEWHERE = {
    ".github/": "is a workflow; it runs for everybody, and a submission changes none",
    ".ci/": "is run by a workflow; a submission changes none",
    "leaderboard/versions/": "belongs to a release; the keeper of the board makes those, and none ever changes",
}
_ALONE = "bring it in a pull request of its own"
_PACKED = "take it out; `lovt-bench submission pack` brings what belongs here"


@dataclass(frozen=True)
class Brought:
    """What a change is, as far as its paths tell."""

    name: str | None
    """The submission; None where the change touches neither a submission nor records."""
    is_new: bool
    findings: tuple[Finding, ...]


def brought(files: Collection[ChangedFile], known: Collection[str], tasks: Collection[str]) -> Brought:
    """Return which submission a change brings, and what in it is no part of one.

    Args:
        files: All that it changes.
        known: Names of the submissions that there are before it.
        tasks: Ids of the tasks that there are before it.
    """
    folders = sorted(
        {file.path.split("/")[1] for file in files if file.path.startswith(_SUBMISSIONS)} - {SHARED}
    )
    rows = sorted({measured["name"] for file in files if (measured := _measured(file.path))})
    touched = folders or rows
    if not touched and not any(file.path.startswith((f"{RESULTS}/", *_ELSEWHERE)) for file in files):
        return Brought(None, is_new=False, findings=())
    found = [] if touched else [Finding("error", "change", "it brings no submission and no record of one")]
    name = touched[0] if touched else ""
    if len(touched) > 1:
        shown = ", ".join(clean_text(each, 80) for each in touched[:5])
        found.append(
            Finding(
                "error", "change", f"it brings {len(touched)} submissions: {shown}", f"one each: {_ALONE}"
            )
        )
    if touched:
        found += _name(name, known)
    found += _amount(files)
    for file in files:
        if problem := _problem(file, name, tasks):
            found.append(Finding("error", clean_text(file.path, 300), *problem))
    return Brought(name if is_name(name) else None, is_new=name not in known, findings=tuple(found))


def content_findings(files: Collection[ChangedFile], texts: Mapping[str, bytes]) -> Iterator[Finding]:
    """Yield what is wrong with what changed files hold; they are small enough to be read.

    Args:
        files: All that changed and is allowed by its path.
        texts: What they hold and held, by id.
    """
    for file in files:
        shown, content = clean_text(file.path, 300), texts.get(file.blob, b"")
        if _RECORDS.fullmatch(file.path):
            before = texts.get(file.before or "", b"")
            if not content.startswith(before):
                yield Finding(
                    "error",
                    shown,
                    "records that were there are changed, moved or gone",
                    "add lines at its end alone",
                )
        elif _OWN.fullmatch(file.path) and not _is_text(content):
            yield Finding("error", shown, "is no text", "weights lie elsewhere: weights.url")


def is_prediction(path: str) -> bool:
    """Return whether a path is that of committed predictions."""
    return _PREDICTIONS.fullmatch(path) is not None


def _measured(path: str) -> re.Match[str] | None:
    return _RECORDS.fullmatch(path) or _PREDICTIONS.fullmatch(path)


def _name(name: str, known: Collection[str]) -> Iterator[Finding]:
    shown = clean_text(name, 80)
    if not is_name(name):
        yield Finding("error", "name", f"{shown!a} is none", f"a name has {NAME_RULE}")
    elif name in known:
        yield Finding(
            "warning",
            "name",
            f"{name} is there already",
            "make sure that whoever brought it brings this, too",
        )
    elif is_built_in(name):
        yield Finding("error", "name", f"{name} means a backbone that is always there", "choose another name")
    elif taken := [other for other in known if alike(name, other)]:
        yield Finding("error", "name", f"{name} reads like {taken[0]}, which is there", "choose another name")
    elif near := nearest(name, known):
        yield Finding(
            "warning", "name", f"{name} is near to {near[0]}, which is there", "look whether it is another's"
        )


def _amount(files: Collection[ChangedFile]) -> Iterator[Finding]:
    if len(files) > MOST_FILES:
        yield Finding(
            "error", "change", f"{len(files):,} files, at most {MOST_FILES:,}", "leave generated files out"
        )
    if (total := sum(file.size for file in files)) > LARGEST_CHANGE:
        yield Finding(
            "error", "change", f"{total >> 20:,} MiB, at most {LARGEST_CHANGE >> 20}", "leave boxes out"
        )


def _problem(file: ChangedFile, name: str, tasks: Collection[str]) -> tuple[str, str] | None:
    """Return what is wrong with a path, and what to do; None where nothing is."""
    measured, own = _measured(file.path), _OWN.fullmatch(file.path)
    if elsewhere := next((text for place, text in _ELSEWHERE.items() if file.path.startswith(place)), None):
        return elsewhere, "take it out of this change"
    if measured and measured["track"] not in get_args(ClaimedTrack):
        shown = clean_text(measured["track"], 80)
        return f"holds records of track {shown}, not public or phantom; own data are their owner's", _PACKED
    if measured and measured["task"] not in tasks:
        shown = clean_text(measured["task"], 80)
        return f"holds records of {shown}, which is no task of this repository", _PACKED
    if measured and measured["name"] != name:
        return f"holds records of another row than {clean_text(name, 80)}", "take it out of this change"
    if own and own["name"] != name:
        return f"is not of the submission {clean_text(name, 80)}", _ALONE
    if not (measured or own):
        return "is no part of a submission", _ALONE
    if file.mode == LINK:
        return "is a link", "put the file itself there"
    if file.mode == REPOSITORY:
        return "is another repository (a submodule)", "put the files themselves there"
    if file.mode == GONE:
        return ("removes records; none is ever removed", "bring it back") if measured else None
    if file.size > LARGEST_FILE:
        return (
            f"has {file.size >> 20:,} MiB, at most {LARGEST_FILE >> 20}",
            "weights lie elsewhere: weights.url",
        )
    if measured and file.before and is_prediction(file.path):
        return "changes predictions that are there", "bring back the first ones"
    return None


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False
