"""What checks return. They never print and never decide about exit codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    subject: str
    """What was looked at: a file, a feature level."""
    message: str
    advice: str = ""
    """What to do about it; empty where nothing is to do."""


def failed(findings: Iterable[Finding]) -> bool:
    """Return whether there is an error among the findings."""
    return any(finding.level == "error" for finding in findings)
