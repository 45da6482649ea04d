"""What can be said of the files of a submission without running any: its code, its recipe, their kinds and size."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.contract.base import is_built_in
from lovt_bench.benchmark.contract.plain_file import PlainFileError, is_plain, read_plain
from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.submission.docker_context import IGNORE_FILE, ContextError, ignore_patterns
from lovt_bench.benchmark.submission.dockerfile_copies import copy_findings
from lovt_bench.benchmark.submission.dockerfile_rules import SIZE_LIMIT, SUBJECT, dockerfile_findings
from lovt_bench.benchmark.submission.read import (
    is_package_name,
    is_repositorys,
    module_of,
    package_name,
    submissions_root,
)

FILES_LIMIT = 1000
BYTES_LIMIT = 64 << 20
"""Bytes of a folder that a pull request brings; weights lie elsewhere."""

_BOTH = "a process needs a folder whose name Python can import (name: as well), and pretrain.py in it"


def code_findings(submission: Submission, folder: Path) -> Iterator[Finding]:
    """Yield what was found in a folder that holds a method."""
    if submission.module is not None and not any(map(is_plain, _module_files(submission.module, folder))):
        yield Finding("error", "module", f"there is no {submission.module}", "name the module that trains")
    else:
        yield _place(submission, folder)
    try:
        recipe = read_plain(folder / SUBJECT, SIZE_LIMIT)
    except FileNotFoundError:
        yield Finding("error", SUBJECT, "there is none", "docs/contract.md shows one")
    except PlainFileError as error:
        yield Finding("error", SUBJECT, str(error))
    except OSError as error:
        yield Finding("error", SUBJECT, f"cannot be read: {error.strerror}", "make it readable")
    else:
        yield from dockerfile_findings(recipe)
        names = {path.relative_to(folder).as_posix() for path in islice(below(folder), FILES_LIMIT + 1)}
        if len(names) <= FILES_LIMIT:
            yield from copy_findings(recipe, folder, names)
    try:
        ignore_patterns(folder)
    except ContextError as error:
        yield Finding("error", IGNORE_FILE, str(error))


def _place(submission: Submission, folder: Path) -> Finding:
    """Return how the method can be run where its folder lies."""
    if is_built_in(submission.name):
        return Finding("ok", "place", "always there, needs no pre-training")
    if not is_repositorys(folder):
        return Finding("ok", "place", "outside of submissions/: runs in its container")
    if module := module_of(submission, folder):
        return Finding("ok", "place", f"in submissions/: runs as the process {module} and in its container")
    reason = no_module(folder)
    return Finding("warning", "place", f"in submissions/, but runs in its container only: {reason}", _BOTH)


def no_module(folder: Path) -> str:
    """Return why no process can run a method of `submissions/` that names no module."""
    name = folder.resolve().name
    if not is_package_name(name):
        return f"Python cannot import a folder {clean_text(name, 80)}; {package_name(name)} it could"
    return "there is no pretrain.py"


def _module_files(module: str, folder: Path) -> tuple[Path, Path]:
    """Return where a module `submissions.NAME.…` may lie, by its path: the importer would run what is above it."""
    _, name, *parts = module.split(".")
    place = (folder if folder.resolve().name == name else submissions_root() / name).joinpath(*parts)
    return place.with_name(f"{place.name}.py"), place / "__main__.py"


def file_findings(folder: Path) -> Iterator[Finding]:
    """Yield which files cannot be part of a pull request; links are not followed."""
    total = count = 0
    for path in below(folder):
        shown = clean_text(path.relative_to(folder).as_posix(), 80)
        try:
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                next(path.iterdir(), None)
        except OSError as error:
            yield Finding(
                "error", shown, f"cannot be looked at: {error.strerror}", "make it readable, or remove it"
            )
            continue
        if stat.S_ISLNK(status.st_mode):
            yield Finding("error", shown, "is a link", "put the file itself there")
        elif not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            yield Finding("error", shown, "is no plain file", "remove it")
        total, count = total + status.st_size, count + 1
        if count > FILES_LIMIT:
            yield Finding("error", "files", f"more than {FILES_LIMIT}", "leave generated files out")
            return
    if total > BYTES_LIMIT:
        yield Finding(
            "error",
            "files",
            f"{total / 2**20:.0f} MiB, at most {BYTES_LIMIT >> 20}",
            "weights lie elsewhere: weights.url",
        )


def below(folder: Path) -> Iterator[Path]:
    """Yield everything in a folder; links are not followed."""
    for place, folders, files in os.walk(folder):
        yield from (Path(place) / name for name in (*folders, *files))
