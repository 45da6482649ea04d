"""A profile: how much of the protocol is run. It is part of the identity of a result and never mixes with another."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from lovt_bench.benchmark.contract.base import Model, Name, is_empty
from lovt_bench.benchmark.contract.dataset import IMAGE_SIDE
from lovt_bench.benchmark.contract.task import HeadName

FINE_TUNED = "fine-tuned"

Side = Annotated[int, Field(ge=32, le=IMAGE_SIDE, multiple_of=32)]

Kind = str
"""The head of a task on a frozen backbone, or `fine-tuned`, where the backbone is trained as well: what a run costs
depends on it."""

GRADIENT_SCALE = 65536.0
"""Where the gradient scaler of the published mixed precision begins; torch's default."""


class Profile(Model):
    """Limits on the published protocol; None means: as published.

    A limit on training images and epochs is one number, or a number by kind of task; a kind without one is as
    published.
    """

    name: Name
    title: str
    image_side: Side = IMAGE_SIDE
    """Side of the network input in pixels, where stored images have 224, and in proportion where a protocol stores
    larger ones. Boxes stay in the 224 frame."""
    image_sides: dict[HeadName, Side] = Field(default={}, exclude_if=is_empty)
    """The side for tasks of a head, where it is another than `image_side`."""
    min_train_images: NonNegativeInt = 0
    """A train fraction that gives fewer takes this many (or all there are)."""
    max_train_images: PositiveInt | dict[Kind, PositiveInt] | None = None
    min_validation_images: NonNegativeInt = 0
    max_validation_images: PositiveInt | None = None
    max_test_images: PositiveInt | None = None
    max_batch_size: PositiveInt | None = None
    max_epochs: PositiveInt | dict[Kind, PositiveInt] | None = None
    max_patience: PositiveInt | None = None
    max_warm_up_steps: PositiveInt | None = None
    max_learning_rates: dict[Kind, PositiveInt] = {}
    """The first so many of a task's grid, by head for frozen tasks; one means that the task is not tuned."""
    learning_rates: dict[Kind, Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]] = Field(
        default={}, exclude_if=is_empty
    )
    """Replaces the grid, by kind of task: the published rates are too low for trainings of a few dozen steps."""
    head_width_divisor: PositiveInt = Field(default=1, le=64, exclude_if=lambda divisor: divisor == 1)
    """Hidden widths of heads are the published ones divided by this. Most of a short training on a CPU is the head."""
    max_runs: PositiveInt | None = None
    """The first so many of the protocol's final seeds."""
    initial_gradient_scale: PositiveFloat = Field(
        default=GRADIENT_SCALE, le=GRADIENT_SCALE, exclude_if=lambda scale: scale == GRADIENT_SCALE
    )
    """Where the gradient scaler begins on CUDA. Each halving from the published value costs a step, which a training
    of thousands of steps does not notice, and one of six does. Nothing on a CPU, which trains in float32."""

    def side(self, head: HeadName) -> int:
        """Return the image side for tasks of a head."""
        return self.image_sides.get(head, self.image_side)

    def limit(self, name: Literal["max_train_images", "max_epochs"], kind: Kind) -> int | None:
        """Return a limit for a kind of task."""
        value: int | dict[Kind, int] | None = getattr(self, name)
        return value.get(kind) if isinstance(value, dict) else value
