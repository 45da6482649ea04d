"""What shows a pre-training to its user; the command line and tests have one each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.contract.events import Event, LogLine

Hear = Callable[[Event | LogLine], None]
"""Is told what a run says."""


class Shown(Protocol):
    """Shows lines, findings and a run."""

    def line(self, text: str) -> None:
        """Show one line."""

    def finding(self, finding: Finding, seconds: float, lines: Sequence[str]) -> None:
        """Show what a stage of a rehearsal found, how long it took, and the last lines of its log."""

    def run(self) -> AbstractContextManager[Hear]:
        """Show a run while the block lasts."""
