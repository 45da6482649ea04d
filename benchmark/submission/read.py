"""Submissions: one folder with a `submission.yaml` each, our own below `submissions/`, others anywhere."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import HttpUrl

import submissions
from lovt_bench.benchmark.contract.base import is_built_in
from lovt_bench.benchmark.contract.display_name import alike, name_problem
from lovt_bench.benchmark.contract.model_file import ModelFileError, read_model
from lovt_bench.benchmark.contract.plain_file import holders, is_plain, is_there
from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.benchmark.contract.untrusted import clean_text

FILE = "submission.yaml"
_PACKAGE = re.compile(r"[a-z_][a-z0-9_]*")

_SHARE = re.compile(r"\s*[(\[]?\s*\d{1,3}([.,]\d{1,3})?\s*%\s*[)\]]?\s*$")
"""What the row of a method's variant adds to the method's name, as in `LoVT 30 %`."""


class SubmissionError(ValueError):
    """A submission, its folder or its run is not what the contract says. The message says what to do."""


def submissions_root() -> Path:
    """Return the folder of this repository's own submissions."""
    return Path(next(iter(submissions.__path__)))


def submission_names(root: Path) -> list[str]:
    """Return the names of all submissions, sorted."""
    return holders(root, FILE)


def read_submission(root: Path, name: str) -> Submission:
    """Return the validated `submission.yaml` of a name.

    Raises:
        SubmissionError: No submission of that name, or a field is wrong; the field is named.
    """
    # The name first: to list all folders for each of thousands of names would take a minute.
    if name.startswith(".") or "\0" in name or Path(name).name != name or not is_there(root / name / FILE):
        known = submission_names(root)
        raise SubmissionError(
            f"no submission {name!r}{meant(name, known)}; there: {', '.join(known) or 'none'}"
        )
    submission = read_folder(root / name)
    if submission.name != name:
        raise SubmissionError(
            f"{name}/submission.yaml names {submission.name!r}; it must be its folder's name"
        )
    return submission


def read_folder(folder: Path) -> Submission:
    """Return the validated `submission.yaml` of a folder.

    Raises:
        SubmissionError: There is none, it is no plain file, or a field is wrong; the field is named.
    """
    shown = f"{clean_text(folder.name, 80)}/{FILE}"
    try:
        submission = read_model(folder / FILE, Submission, shown=shown)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SubmissionError(f"{clean_text(str(folder))} holds no {FILE}") from error
    except ModelFileError as error:
        raise SubmissionError(str(error)) from error
    check_texts(submission, shown)
    return submission


def check_addresses(submission: Submission, where: str) -> None:
    """Raise SubmissionError where an address would publish a password."""
    stated = [value for part in (submission, submission.weights or ()) for _, value in part]
    if any(isinstance(value, HttpUrl) and (value.username or value.password) for value in stated):
        raise SubmissionError(
            f"{where}: an address holds a user name or password, and everybody would see it"
        )


def check_texts(submission: Submission, where: str) -> None:
    """Raise SubmissionError where a text that tables show is not plain, or an address would publish a password."""
    check_addresses(submission, where)
    shown = [submission.display_name, *submission.pretraining_data]
    if any(text != clean_text(text) or set(text) & set("<>&") for text in shown):
        raise SubmissionError(
            f"{where}: display_name and pretraining_data are plain text on one line, without < > &"
        )
    if problem := name_problem(submission.display_name):
        raise SubmissionError(f"{where}: display_name {submission.display_name!r}: {problem}")


def check_display_name(name: str, display_name: str, roots: Sequence[Path] = ()) -> None:
    """Raise SubmissionError where a display name looks like that of a submission of another name.

    Args:
        name: The submission's name.
        display_name: What tables would show.
        roots: Folders of submissions beside this repository's own; files that are not valid are passed over.
    """
    without_share = _SHARE.sub("", display_name)
    for other in _others(name, (submissions_root(), *roots)):
        # Rows of a method's variants are called by its name and their share of the corpus.
        if alike(display_name, other.display_name) or (
            other.variants and alike(without_share, other.display_name)
        ):
            raise SubmissionError(
                f"the display name {display_name!r} reads like {other.display_name!r} of the submission {other.name} "
                "(case, space, accents, hyphens and the alphabet of a letter do not count); choose another"
            )


def _others(name: str, roots: Sequence[Path]) -> Iterator[Submission]:
    for root in dict.fromkeys(root.resolve() for root in roots):
        for other in submission_names(root):
            if other != name:
                try:
                    yield read_submission(root, other)
                except SubmissionError:
                    continue


def is_repositorys(folder: Path) -> bool:
    """Return whether a folder is one of this repository's own submissions, however it is written."""
    return folder.resolve().parent == submissions_root().resolve()


def is_package_name(name: str) -> bool:
    """Return whether Python can import a folder of that name below `submissions/`."""
    return _PACKAGE.fullmatch(name) is not None and not keyword.iskeyword(name)


def package_name(name: str) -> str:
    """Return a submission's name as one that Python can import: `my-method` is `my_method`."""
    name = re.sub(r"[.-]", "_", name)
    return name if is_package_name(name) else f"_{name}"


def module_of(submission: Submission, folder: Path) -> str | None:
    """Return the module that trains: the declared one, else `pretrain.py` of a folder of `submissions/`."""
    folder = folder.resolve()
    if submission.module or submission.weights or is_built_in(submission.name):
        return submission.module
    if is_repositorys(folder) and is_package_name(folder.name) and is_plain(folder / "pretrain.py"):
        return f"submissions.{folder.name}.pretrain"
    return None


@dataclass(frozen=True)
class Found:
    """A submission and where it lies."""

    submission: Submission
    folder: Path
    own: bool
    """Whether it is this repository's own, and so may run as a process."""
    beside: tuple[Path, ...] = ()
    """Other folders of the same name, which were not taken."""

    @property
    def module(self) -> str | None:
        """Name of the module that a process runs; None where only a container can be run, or nothing is trained."""
        return module_of(self.submission, self.folder)
