"""What a submitter states and nobody can see in the weights: a field here is in every file that repeats it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, HttpUrl, PositiveInt

from lovt_bench.benchmark.contract.base import Model, is_missing

_Value = Annotated[float, Field(ge=0, le=1)]
_Spread = Annotated[float, Field(ge=0.001, le=10)]


class Normalisation(Model):
    """(x - mean) / std of each of three channels, for x in [0, 1]."""

    mean: tuple[_Value, _Value, _Value]
    std: tuple[_Spread, _Spread, _Spread]


IMAGENET = Normalisation(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""That of torchvision's and many of timm's weights."""
HALF = Normalisation(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
"""To [-1, 1]."""


class DeclaredFacts(Model):
    """Part of `submission.yaml`, and of the provenance in `backbone.json`, under the same names."""

    paper: HttpUrl | None = None
    """Address of the paper, as the submitter declares it; None where none is named."""
    native_side: PositiveInt | None = Field(default=None, le=4096, exclude_if=is_missing)
    """Side in pixels of the images that the weights were pre-trained on; None where nobody says it."""
    normalisation: Normalisation | None = Field(default=None, exclude_if=is_missing)
    """How images were normalised that the weights were pre-trained on. Protocols whose normalisation is `declared` give
    tasks' images so; None, and under all others: by the statistics of the task's training images."""
