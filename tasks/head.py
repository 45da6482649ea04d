"""What each head says of itself, `HEAD` in `tasks/heads/<name>.py`. A new head is a new file. No torch.

Beside `HEAD` the file has `build(channels, classes, protocol, divisor)`, which returns the network (`tasks.heads`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.task import HeadName, Target
from lovt_bench.tasks.declared import InvalidDeclarationError, read_declared

FOLDER = Path(__file__).resolve().parent / "heads"


class Head(Model):
    """A head."""

    name: HeadName
    label: str = Field(min_length=1, max_length=24)
    """How tables call it."""
    target: Target
    """What it learns."""
    strides: tuple[PositiveInt, ...] = Field(min_length=1)
    """Strides of the feature maps that it reads, ascending; 1 is the normalised image."""
    forward_seconds: PositiveFloat
    """Seconds for an image of 224 pixels on two CPU cores (docs/performance.md), with metrics. For forecasts only."""
    train_seconds: PositiveFloat
    """Forward, backward and optimiser, likewise."""
    one_layer: bool = False
    """It is one 1x1 convolution `conv` on the map of stride 32, upsampled: on a frozen backbone all runs of a phase
    train together, and repetitions give equal numbers up to rounding."""

    @model_validator(mode="after")
    def _consistent(self) -> Head:
        if self.one_layer and (self.target, self.strides) != ("masks", (32,)):
            raise ValueError("one_layer means masks from the map of stride 32 alone")
        return self


@cache
def heads(folder: Path = FOLDER) -> Mapping[str, Head]:
    """Return all heads by name, sorted.

    Raises:
        InvalidDeclarationError: A file does not say what it should, or another name than its own.
    """
    found: dict[str, Head] = {}
    for path in sorted(folder.glob("*.py")):
        if path.stem.startswith("_"):
            continue
        head = read_declared(path, Head)
        if head.name != path.stem:
            raise InvalidDeclarationError(f"{path}: name is {head.name!r}, expected {path.stem!r}")
        found[head.name] = head
    return found
