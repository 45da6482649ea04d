"""The folder of a new submission: a method in a container that works as it stands, or a declaration of weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

from lovt_bench.benchmark.contract.base import NAME_RULE, is_built_in, is_name
from lovt_bench.benchmark.contract.strict_yaml import yaml_text
from lovt_bench.benchmark.disk.temporary import new_folder
from lovt_bench.benchmark.submission.declare import declaration_text, declare
from lovt_bench.benchmark.submission.merge import Stated
from lovt_bench.benchmark.submission.read import (
    SubmissionError,
    check_display_name,
    is_package_name,
    is_repositorys,
    package_name,
    submission_names,
    submissions_root,
)

if TYPE_CHECKING:
    from lovt_bench.benchmark.backbone.understand.folders import WeightFiles

TEMPLATES = Path(__file__).resolve().with_name("templates")
"""A folder for each kind; what its files say in double braces is filled in."""

INSIDE = "In submissions/ it runs as a process (`--runtime process`) and in its container."
OUTSIDE = "It runs in its container, without a network."


def new_container(name: str, into: Path) -> Path:
    """Write the folder of a method and return it; in this repository's `submissions/` it is one of its own.

    Raises:
        SubmissionError: The name is none, taken, or there no name of a Python package, or the folder is there.
    """
    folder = _free_folder(name, into)
    inside = is_repositorys(folder)
    if inside and not is_package_name(name):
        raise SubmissionError(
            f"in submissions/ a folder is a Python package, too, and {name} can be none; take {package_name(name)}"
        )
    texts = {
        "name": name,
        "scalar": yaml_text({"name": name}).removeprefix("name: ").strip(),
        "package": package_name(name),
        "shown": argument_for(folder),
        "where": INSIDE if inside else OUTSIDE,
    }
    files = _filled("container", texts)
    return _write(folder, {**files, "__init__.py": ""} if inside else files)


def argument_for(folder: Path) -> str:
    """Return what names a submission's folder to every command, from where the caller stands."""
    if is_repositorys(folder):
        return folder.name
    # Without a slash it would be taken for the name of a submission.
    return str(folder) if "/" in str(folder) else f"./{folder}"


def new_weights(name: str, into: Path, weights: WeightFiles, said: Stated) -> Path:
    """Write the folder of a declaration of weights, which `lovt-bench submit` has still to look at; return it.

    Raises:
        SubmissionError: The name is none or taken, or the folder is there.
    """
    folder = _free_folder(name, into)
    submission = declare(name, said, weights, weights.sha256())
    check_display_name(name, submission.display_name)
    texts = {
        "name": name,
        "file": submission.weights.file if submission.weights else "FILE",
        "declaration": declaration_text(submission),
    }
    return _write(folder, _filled("weights", texts))


def _filled(kind: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a kind of submission by name, filled in."""
    # Nothing of it is a web page; what does not stand in `texts` is an error.
    fill = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    paths = sorted(path for path in (TEMPLATES / kind).iterdir() if path.is_file())
    return {path.name: fill.from_string(path.read_text(encoding="utf-8")).render(texts) for path in paths}


def _free_folder(name: str, into: Path) -> Path:
    if not is_name(name):
        raise SubmissionError(f"{name!r} is no name: expected {NAME_RULE}")
    if name in submission_names(submissions_root()) or is_built_in(name):
        raise SubmissionError(f"the name {name} is taken; choose another one")
    folder = into / name
    if folder.exists() or folder.is_symlink():
        raise SubmissionError(f"{folder} is there already; choose another name, or --into another folder")
    return folder


def _write(folder: Path, files: dict[str, str]) -> Path:
    """Write a folder that appears whole or not at all.

    Raises:
        FileExistsError: Something lies there by now.
    """
    with new_folder(folder, replace=False) as new:
        for file, text in files.items():
            (new / file).write_text(text, encoding="utf-8")
    return folder
