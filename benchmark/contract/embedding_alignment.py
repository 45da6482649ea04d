"""Box plots of how far images and reports lie apart in the space that both are projected to (analysis.md section 5)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import NonNegativeFloat, model_validator

from lovt_bench.benchmark.contract.base import Model

AlignmentName = Literal["zg_a;zg_b", "zl_a;zl_b2a", "zl_b;zl_a2b"]
"""The two vectors of a study; a region, or a sentence, and what the other side says of it."""


class BoxPlot(Model):
    """Five numbers of many distances (Tukey 1977)."""

    low: NonNegativeFloat
    """With `high`: the least and the greatest distance that is at most 1.5 (q3 − q1) away from the box; beside a
    quartile that lies between two distances, the quartile itself."""
    q1: NonNegativeFloat
    """With `median` and `q3`: quartiles, between two distances in proportion."""
    median: NonNegativeFloat
    q3: NonNegativeFloat
    high: NonNegativeFloat

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.q1 <= self.median <= self.q3 <= self.high:
            raise ValueError("expected low, q1, median, q3, high in order")
        return self


class Alignment(Model):
    """All distances of one pair of vectors: one for each study, region or real sentence."""

    scaled: BoxPlot
    """Vectors have length 1."""
    unscaled: BoxPlot
    """Vectors are as the method projects them."""
