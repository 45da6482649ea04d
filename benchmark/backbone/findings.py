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


def summed_up(findings: Iterable[Finding]) -> str:
    """Return in words how many checks there were, and how many of them ended in what.

    >>> summed_up([Finding("ok", "c5", "fits"), Finding("warning", "README.md", "there is none")])
    '1 of 2 checks ok, 1 warning'
    """
    levels = [finding.level for finding in findings]
    others = [
        f"{count} {level}{'s' if count > 1 else ''}"
        for level in ("warning", "error")
        if (count := sum(each == level for each in levels))
    ]
    return ", ".join([f"{levels.count('ok')} of {len(levels)} checks ok", *others])


def failed(findings: Iterable[Finding]) -> bool:
    """Return whether there is an error among the findings."""
    return any(finding.level == "error" for finding in findings)
