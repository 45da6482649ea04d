"""What a user sees of a run: its log and messages, and one bar on a terminal, a line now and then on a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TimeRemainingColumn

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.cli.backbone import show_finding
from lovt_bench.benchmark.cli.console import console, progress, say, text_column
from lovt_bench.benchmark.contract.events import (
    DoneEvent,
    EpochEvent,
    Event,
    LogLine,
    MessageEvent,
    ProgressEvent,
)
from lovt_bench.benchmark.runtime.shown import Hear

LINE_SECONDS = 15.0
"""Time between two lines of progress on a pipe."""


class RunView:
    """Shows events; everything in them was cleaned before."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last_line = time.monotonic()
        self._task: TaskID | None = None
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = progress(
                text_column("{task.description}", "bold"),
                BarColumn(),
                MofNCompleteColumn(),
                "{task.fields[speed]}",
                TimeRemainingColumn(),
                "{task.fields[values]}",
                shown_on=console,
                transient=True,
            )

    def __enter__(self) -> RunView:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def hear(self, event: Event | LogLine) -> None:
        """Show one event or line."""
        if isinstance(event, LogLine | MessageEvent | DoneEvent):
            if event.text:
                self.line(event.text)
        elif isinstance(event, EpochEvent):
            self.line(f"epoch {_of(event.epoch, event.epochs)}  {_values(event.values)}".rstrip())
        elif isinstance(event, ProgressEvent):
            self._progress(event)

    def line(self, text: str) -> None:
        """Print one line above the bar."""
        self._console.print(text, soft_wrap=True)

    def _progress(self, event: ProgressEvent) -> None:
        speed = "" if event.images_per_second is None else f"{event.images_per_second:.0f} images/s"
        if self._bar is None:
            if time.monotonic() - self._last_line >= LINE_SECONDS:
                self._last_line = time.monotonic()
                left = "" if event.seconds_left is None else f"at most {duration(event.seconds_left)} left"
                parts = [f"epoch {_of(event.epoch, event.epochs)}", f"batch {_of(event.step, event.steps)}"]
                self.line("  ".join(filter(None, [*parts, speed, left])))
            return
        total = (event.steps or 0) * (event.epochs or 0) or None
        done = (event.steps or 0) * max(event.epoch - 1, 0) + event.step
        fields: dict[str, Any] = {"speed": speed, "values": _values(event.values)}
        description = f"epoch {_of(event.epoch, event.epochs)}"
        if self._task is None:
            self._task = self._bar.add_task(description, total=total, completed=done, **fields)
        else:
            self._bar.update(self._task, description=description, total=total, completed=done, **fields)


class Terminal:
    """Shows a pre-training where the command was typed (`benchmark.runtime.shown.Shown`)."""

    def line(self, text: str) -> None:
        say(text)

    def finding(self, finding: Finding, seconds: float, lines: Sequence[str]) -> None:
        show_finding(finding, f"({seconds:.1f} s)")
        for line in lines:
            say(f"         | {line}")

    @contextmanager
    def run(self) -> Iterator[Hear]:
        with RunView(console()) as view:
            yield view.hear


def duration(seconds: float) -> str:
    """Return hours, minutes and seconds as a clock shows them."""
    minutes, rest = divmod(round(min(seconds, 1e9)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _of(number: int, total: int | None) -> str:
    return str(number) if total is None else f"{number}/{total}"


def _values(values: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in values.items())
