"""A profile: how much of the protocol is run. It is part of the identity of a result and never mixes with another."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from benchmark.contract.base import Model, Name


class Profile(Model):
    """Limits on the published protocol; None means: as published."""

    name: Name
    title: str
    image_side: PositiveInt = Field(default=224, multiple_of=32, le=224)
    """Side of the network input in pixels; stored 224-pixel images are scaled down. Boxes stay in the 224 frame."""
    min_train_images: NonNegativeInt = 0
    """A train fraction that gives fewer takes this many (or all there are)."""
    max_train_images: PositiveInt | None = None
    min_validation_images: NonNegativeInt = 0
    max_validation_images: PositiveInt | None = None
    max_test_images: PositiveInt | None = None
    max_batch_size: PositiveInt | None = None
    max_epochs: PositiveInt | None = None
    max_patience: PositiveInt | None = None
    max_warm_up_steps: PositiveInt | None = None
    max_learning_rates: dict[Literal["linear", "yolov3", "unet", "fine-tuned"], PositiveInt] = {}
    """The first so many of a task's grid, by head for frozen tasks; one means that the task is not tuned."""
    max_runs: PositiveInt | None = None
    """The first so many of the protocol's final seeds."""
