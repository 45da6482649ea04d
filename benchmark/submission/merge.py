"""A partial submission, and what was declared of the same weights before: laid over each other, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.submission.read import SubmissionError

Stated = Mapping[str, Any]
"""Fields of a submission that somebody states, some of `weights` among them. What is absent is not said."""

_CLAIMS = ("claimed", "claimed_track")


def merged(
    name: str,
    stated: Stated,
    before: Submission | None,
    file: str,
    *,
    force: bool,
    backbone: str | None = None,
) -> dict[str, Any]:
    """Return what is stated of a weight file, and where nothing is, what was declared of the same file before.

    Claims are of the backbone that they were measured with: another one of the same file (another encoder or
    architecture) does not inherit them.

    Args:
        name: The submission's name.
        stated: This time.
        before: Declared under the name; None where nothing is.
        file: SHA-256 of the weight file.
        force: Whether what is declared of other weights is replaced.
        backbone: Identity of the backbone that was made of the file; None before.

    Raises:
        SubmissionError: Another file, or another backbone of this one, is declared, and `force` does not replace it.
    """
    if before is None:
        return dict(stated)
    known = before.weights
    if known is None:  # numbers that were claimed before there were weights
        return {**before.model_dump(exclude_unset=True), **stated}
    if known.sha256 != file:
        if force:
            return dict(stated)
        raise SubmissionError(
            f"{name} is declared with weights of SHA-256 {known.sha256[:16]}… ({known.file}), this file has "
            f"{file[:16]}…: take that file, choose another name, or replace the declaration with --force"
        )
    whole = {**before.model_dump(exclude_unset=True), **stated}
    whole["weights"] = {**known.model_dump(exclude_unset=True), **stated.get("weights", {})}
    if backbone is None or known.backbone_sha256 in (None, backbone):
        return whole
    if force:
        return {field: value for field, value in whole.items() if field not in _CLAIMS or field in stated}
    raise SubmissionError(
        f"{name} is declared with the backbone {known.backbone_sha256[:16]}… ({known.architecture}) of this file, "
        f"found is {backbone[:16]}…: take the --encoder, --arch or --level of that one, choose another name, or "
        "replace the declaration with --force"
    )
