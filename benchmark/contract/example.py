"""Example predictions on phantom images: what a run found on a few test images, for people to look at.

Only the phantom's images are drawn: those of public datasets must not be passed on. One file per submission and task,
`workspace/examples/phantom/<submission>/<task>.json`. Examples are no part of a result: no number depends on them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from lovt_bench.benchmark.contract.base import Model, Name, Sha256

EXAMPLE_SIDE = 128
"""Side in pixels of the stored images and masks; boxes are scaled to it."""

Png = str
"""A PNG file, base64: 8-bit grey for images, 1-bit for masks."""


class ExampleBox(Model):
    """A box in pixels of the example's image, x to the right, y down."""

    x1: float
    y1: float
    x2: float
    y2: float
    label: str = Field(max_length=40)
    confidence: float | None = Field(default=None, ge=0, le=1)
    """None for ground truth."""


class ExampleImage(Model):
    """One test image, ground truth and prediction."""

    id: str = Field(max_length=80)
    png: Png = Field(max_length=60_000)
    truth_boxes: list[ExampleBox] = Field(default=[], max_length=50)
    predicted_boxes: list[ExampleBox] = Field(default=[], max_length=50)
    """The boxes of highest confidence."""
    truth_mask: Png | None = Field(default=None, max_length=20_000)
    """All classes together."""
    predicted_mask: Png | None = Field(default=None, max_length=20_000)


class ExampleSet(Model):
    """The examples of one submission on one task: of its first final run."""

    schema_version: Literal[1] = 1
    submission: Name
    task: str
    track: Literal["phantom"]
    run_key: Sha256
    """Key of the run record of the run that made the predictions."""
    side: PositiveInt = EXAMPLE_SIDE
    images: list[ExampleImage] = Field(max_length=4)
