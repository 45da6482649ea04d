"""The one way to a submission for all commands: a folder where there is a slash, else a name, looked for in turn.

A name is looked for in `$LOVT_BENCH_SUBMISSIONS` (`WORKSPACE/submissions` where it is not set), this repository's
`submissions/`, `WORKSPACE/submissions` and the folder that the caller stands in.
"""

from __future__ import annotations

from pathlib import Path

from lovt_bench.benchmark.contract.base import is_built_in
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.submission.declare import FILE, submission_roots
from lovt_bench.benchmark.submission.read import (
    Found,
    SubmissionError,
    check_display_name,
    is_repositorys,
    read_folder,
    read_submission,
    submission_names,
    submissions_root,
)


def is_path(text: str) -> bool:
    """Return whether what was given for a submission is a folder, not a name."""
    return "/" in text or text in (".", "..")


def folders_called(name: str, workspace: Path) -> list[Path]:
    """Return the folders of a name, the one that counts first.

    Args:
        name: Name of a submission; anything else is found nowhere.
        workspace: Its `submissions/` is looked into, too.
    """
    roots = [*submission_roots(workspace), Path.cwd()]
    found = [root / name for root in roots if name in submission_names(root)]
    first: dict[Path, Path] = {}
    for folder in found:
        first.setdefault(folder.resolve(), folder)
    return list(first.values())


def locate(name_or_folder: str, workspace: Path) -> tuple[Path, tuple[Path, ...]]:
    """Return the folder of a submission, and those of the same name that are not taken.

    Raises:
        SubmissionError: There is none; or a name means a method of this repository and another folder as well.
    """
    if is_path(name_or_folder):
        folder = Path(name_or_folder).resolve()
        if not folder.is_dir():
            raise SubmissionError(
                f"no submission {clean_text(name_or_folder)!r}: no such folder; expected one with {FILE}"
            )
        return folder, ()
    found = folders_called(name_or_folder, workspace)
    if not found:
        raise SubmissionError(_nowhere(name_or_folder, workspace))
    if len(found) > 1 and any(map(is_repositorys, found)) and not all(map(_declares_weights, found)):
        raise SubmissionError(
            f"two submissions are called {name_or_folder}: {_listed(found)}. The name is of this repository: rename "
            "the other (folder and name:), or give the path of the one that is meant"
        )
    return found[0].resolve(), tuple(found[1:])


def find_submission(name_or_folder: str, workspace: Path) -> Found:
    """Return the submission of a name or folder that trains something.

    Raises:
        SubmissionError: There is none, or its `submission.yaml` is wrong, or an external one takes the name of an own,
            or it declares weights, so that nothing is trained.
    """
    folder, beside = locate(name_or_folder, workspace)
    own = is_repositorys(folder)
    submission = read_submission(folder.parent, folder.name) if own else read_folder(folder)
    if submission.weights is not None:
        raise SubmissionError(
            f"{submission.name} declares weights that were trained elsewhere, nothing is trained: "
            f"`lovt-bench submit {submission.name} --weights {submission.weights.file}` makes its backbone"
        )
    if not own:
        _check_foreign(Found(submission, folder, own))
    return Found(submission, folder, own, beside)


def beside_text(name: str, folder: Path, beside: tuple[Path, ...]) -> str:
    """Return a sentence on the folders of a name that were not taken; empty where there is none."""
    return f"{name} is taken from {folder}, not from {_listed(beside)}" if beside else ""


def _check_foreign(found: Found) -> None:
    name, where = found.submission.name, f"{clean_text(found.folder.name, 80)}/{FILE}"
    if name in submission_names(submissions_root()) or is_built_in(name):
        raise SubmissionError(
            f"{where} takes the name {name!r} of a method of this repository; choose another one"
        )
    try:
        check_display_name(name, found.submission.display_name)
    except SubmissionError as error:
        raise SubmissionError(f"{where}: {error}") from error


def _nowhere(name: str, workspace: Path) -> str:
    there = list(
        dict.fromkeys(known for root in submission_roots(workspace) for known in submission_names(root))
    )
    hint = f"; the folder ./{name} here holds no {FILE}" if Path(name).is_dir() else ""
    shown = clean_text(name, 80)
    return f"no submission {shown!r}{meant(shown, there)}{hint}; there: {', '.join(there) or 'none'}"


def _declares_weights(folder: Path) -> bool:
    try:
        return read_folder(folder).weights is not None
    except SubmissionError:
        return False


def _listed(folders: list[Path] | tuple[Path, ...]) -> str:
    return " and ".join(clean_text(str(folder)) for folder in folders)
