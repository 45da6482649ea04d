"""A user of a pre-training who only keeps the lines that are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.runtime.shown import Hear


class Told:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def finding(self, finding: Finding, seconds: float, lines: Sequence[str]) -> None:
        self.lines += [f"{finding.level} {finding.subject}: {finding.message}", *lines]

    @contextmanager
    def run(self) -> Iterator[Hear]:
        yield lambda event: None
