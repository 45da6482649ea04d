"""Which configuration of a method a call means."""

from __future__ import annotations

from benchmark.contract.submission import Submission
from benchmark.runtime.submissions import SubmissionError
from submissions.common.declaration import Choice, choose, profile_settings
from submissions.common.errors import SettingsError


def configure(submission: Submission, variant: str | None, fraction: float | None, profile: str) -> Choice:
    """Return the configuration of a variant's name and a fraction.

    Raises:
        SubmissionError: the method has no such variant or profile.
    """
    try:
        profile_settings(submission, profile)
        return choose(submission, variant, fraction)
    except SettingsError as error:
        raise SubmissionError(str(error)) from error
