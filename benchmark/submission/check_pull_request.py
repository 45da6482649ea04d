"""What a pull request of a submission brings (docs/submissions.md), as far as its folder tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from lovt_bench.benchmark.backbone.findings import Finding, Level
from lovt_bench.benchmark.contract.base import is_built_in
from lovt_bench.benchmark.contract.plain_file import PlainFileError, is_plain, read_plain
from lovt_bench.benchmark.contract.submission import Submission, SubmissionKind
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.submission.check_folder import below

README = "README.md"
README_LIMIT = 256 * 1024
"""Bytes."""
_WEIGHTS = frozenset(
    {".bin", ".ckpt", ".h5", ".keras", ".npy", ".npz", ".onnx", ".pb", ".pickle", ".pkl", ".pt", ".pth"}
) | {".safetensors"}
_IMAGES = frozenset(
    {".bmp", ".dcm", ".dicom", ".gif", ".gz", ".jpeg", ".jpg", ".nii", ".png", ".tar", ".tif", ".tiff"}
) | {".webp", ".zip"}
SHOWN = 3
"""Files of one kind that a finding names."""


def pull_request_findings(
    submission: Submission, folder: Path, kind: SubmissionKind, *, inside: bool
) -> Iterator[Finding]:
    """Yield what is missing for a pull request, or too much.

    Args:
        submission: What is declared.
        folder: The submission's.
        kind: What the submission is.
        inside: Whether the folder lies in this repository's `submissions/`; elsewhere an error is a warning.
    """
    level: Level = "error" if inside else "warning"
    code = kind in ("method", "container")
    if code and not is_plain(folder / README):
        yield Finding(level, README, "there is none", "say in one screen what the method does")
    if code and "licence" not in submission.model_fields_set:
        yield Finding(level, "licence", "none is named", "licence: of the code, for example MIT")
    if code and submission.paper is None and not is_built_in(submission.name) and not _says_no_paper(folder):
        # A warning only: not every method has one.
        yield Finding(
            "warning", "paper", "none is named", f"paper: https://…, or a sentence 'No paper: …' in {README}"
        )
    if code and submission.corpus != "none" and "demo" not in submission.profiles:
        yield Finding(
            level,
            "profiles",
            "no demo: a pull request is rehearsed with it",
            "profiles: {demo: {…}}, minutes on two cores",
        )
    # Weights that are declared may lie beside their declaration until it is brought.
    if code or inside:
        kept = _WEIGHTS | _IMAGES
        names = [path.relative_to(folder) for path in below(folder) if path.suffix.lower() in kept]
        for what, kinds, advice in (
            ("weights", _WEIGHTS, "a user has them in WORKSPACE/assets; a run finds them in /assets"),
            ("images or archives", _IMAGES, "no image of a dataset, and no picture of one, is brought"),
        ):
            if found := [name for name in names if name.suffix.lower() in kinds]:
                yield Finding(level, "files", f"{what}: {_listed(found)}", advice)


def _says_no_paper(folder: Path) -> bool:
    try:
        return b"no paper" in read_plain(folder / README, README_LIMIT).lower()
    except (OSError, PlainFileError):
        return False


def _listed(names: Sequence[PurePath]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(clean_text(name.as_posix(), 60) for name in sorted(names)[:SHOWN]) + more
