"""Which configuration of a method a call means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.submission.read import SubmissionError
from lovt_bench.submissions.common.declaration import Choice, choose, profile_settings
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.naming import backbone_name, changed_settings, display_name
from lovt_bench.submissions.common.settings import parse_assignments

__all__ = [
    "Choice",
    "backbone_name",
    "changed_settings",
    "configure",
    "display_name",
    "given_settings",
    "merged_settings",
]


def configure(submission: Submission, variant: str | None, fraction: float | None, profile: str) -> Choice:
    """Return the configuration of a variant's name and a fraction.

    Raises:
        SubmissionError: The method has no such variant or profile.
    """
    try:
        profile_settings(submission, profile)
        return choose(submission, variant, fraction)
    except SettingsError as error:
        raise SubmissionError(str(error)) from error


def merged_settings(
    submission: Submission, choice: Choice, profile: str, assignments: Mapping[str, str]
) -> dict[str, Any]:
    """Return the hyperparameters that a run is told: the variant's, then the profile's, then the user's.

    Args:
        submission: What is declared.
        choice: The variant.
        profile: Name of the profile.
        assignments: Key and text of each `--set`.

    Raises:
        SubmissionError: A value that JSON does not have.
    """
    return {**choice.settings, **profile_settings(submission, profile), **given_settings(assignments)}


def given_settings(assignments: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of `--set`: JSON where a text reads as such, else text.

    Raises:
        SubmissionError: A value that JSON does not have.
    """
    try:
        return parse_assignments(f"{key}={value}" for key, value in assignments.items())
    except SettingsError as error:
        raise SubmissionError(str(error)) from error
