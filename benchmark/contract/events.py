"""Progress of a submission: lines on its standard output that are JSON objects with the key `event`.

Every other line is log. Nothing here is believed: events are shown, and decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, NonNegativeFloat, TypeAdapter, ValidationError

from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.untrusted import clean_text

COUNT_LIMIT = 10**12
VALUES_LIMIT = 16

Count = Annotated[int, Field(ge=0, le=COUNT_LIMIT, strict=True)]


def _clean(value: Any) -> Any:
    return clean_text(value) if isinstance(value, str) else value


def _clean_names(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {clean_text(str(name), 40): number for name, number in list(value.items())[:VALUES_LIMIT]}


Text = Annotated[str, BeforeValidator(_clean)]
Values = Annotated[dict[str, float], BeforeValidator(_clean_names)]
"""At most 16 numbers by name, for example losses; all finite."""


class EventModel(Model):
    """Unknown fields are left out, so that a newer method runs with an older harness."""

    model_config = ConfigDict(extra="ignore")


class StartEvent(EventModel):
    """The method has read its input and begins."""

    event: Literal["start"] = "start"
    text: Text = ""
    epochs: Count | None = None
    steps: Count | None = None
    """Steps of one epoch."""


class ProgressEvent(EventModel):
    """Somewhere within an epoch."""

    event: Literal["progress"] = "progress"
    epoch: Count = 0
    """From 1."""
    epochs: Count | None = None
    step: Count = 0
    """From 1, within the epoch."""
    steps: Count | None = None
    images_per_second: NonNegativeFloat | None = None
    seconds_left: NonNegativeFloat | None = None
    values: Values = {}


class EpochEvent(EventModel):
    """An epoch has ended."""

    event: Literal["epoch"] = "epoch"
    epoch: Count
    """From 1."""
    epochs: Count | None = None
    values: Values = {}


class DoneEvent(EventModel):
    """The output is complete. The exit code and the check of the output decide, not this."""

    event: Literal["done"] = "done"
    text: Text = ""


class MessageEvent(EventModel):
    """Something for the user to read."""

    event: Literal["message"] = "message"
    text: Text


Event = Annotated[
    StartEvent | ProgressEvent | EpochEvent | DoneEvent | MessageEvent, Field(discriminator="event")
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)


@dataclass(frozen=True)
class LogLine:
    """A line that is no event, cleaned."""

    text: str


def parse_line(line: bytes) -> Event | LogLine:
    """Return what a line of a submission's output is; raises for no bytes at all."""
    if line.lstrip()[:1] == b"{":
        try:
            return EVENT.validate_json(line)
        except (ValidationError, ValueError, RecursionError):
            pass
    return LogLine(clean_text(line.decode("utf-8", errors="replace")))
