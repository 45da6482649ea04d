"""A t-SNE of embeddings, kept so that a figure is drawn again without computing it again.

`results/<track>/<backbone>/analysis/<dataset>/tsne/<key>.json`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, PositiveFloat, PositiveInt

from lovt_bench.benchmark.contract.base import Model, Name, Sha256

TSNE = "tsne"
"""Folder beside the reports of a dataset."""

LARGEST = 12_000
"""Points of one projection."""


class Projection(Model):
    """Points in the plane, one for each embedding in order."""

    schema_version: Literal[1] = 1
    key: Sha256
    """Digest of all that the points depend on."""
    backbone: Name
    images: PositiveInt
    perplexity: PositiveFloat
    points: Annotated[list[tuple[FiniteFloat, FiniteFloat]], Field(min_length=1, max_length=LARGEST)]
