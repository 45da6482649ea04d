"""What a run of a rehearsal says, as far as its stages are told by it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lovt_bench.benchmark.contract.events import (
    DoneEvent,
    EpochEvent,
    Event,
    LogLine,
    ProgressEvent,
    StartEvent,
)

_NOT_FINITE = re.compile(r'\{\s*"event".*?"([^"]+)"\s*:\s*-?(NaN|Infinity)\b')


@dataclass
class Heard:
    """What one run has said."""

    began: float
    """Clock when it was started, in seconds; so is `last`."""
    last: float | None = None
    """When it said something; None where it did not."""
    started: bool = False
    steps: int = 0
    """Largest number of a step that it reported."""
    epochs: list[int] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    """What the last epoch or step reported."""
    planned: int | None = None
    done: bool = False
    not_finite: str = ""
    """Name of a value of an event that is NaN or infinite."""

    def hear(self, event: Event | LogLine, now: float) -> None:
        """Take note of one event or line."""
        self.last = now
        if isinstance(event, LogLine) and (found := _NOT_FINITE.search(event.text)):
            self.started, self.not_finite = True, found[1]
        self.started |= isinstance(event, StartEvent | ProgressEvent | EpochEvent | DoneEvent)
        self.done |= isinstance(event, DoneEvent)
        if isinstance(event, ProgressEvent | EpochEvent):
            self.values = event.values or self.values
            self.planned = event.epochs or self.planned
        if isinstance(event, ProgressEvent):
            self.steps = max(self.steps, event.step)
        elif isinstance(event, EpochEvent):
            self.epochs.append(event.epoch)

    @property
    def trained(self) -> bool:
        """Whether all epochs are over, as far as it said so."""
        return self.done or (self.planned is not None and self.planned in self.epochs)
