"""What passes between encoders and losses: a = image, b = report, as in the papers."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class ImageFeatures(NamedTuple):
    """What the image encoder says."""

    regions: Tensor
    """(B, R, d) float, row by row of the deepest feature map: y_a."""
    pooled: Tensor
    """(B, d): ȳ_a."""
    weights: Tensor | None
    """(B, R), sum 1; None with average pooling."""


class ReportFeatures(NamedTuple):
    """What the report encoder says."""

    sentences: Tensor
    """(B, S, d) float, zeros where padded: y_b."""
    pooled: Tensor
    """(B, d): ȳ_b."""
    weights: Tensor | None
    """(B, S), sum 1, zeros where padded; None where the maximum over tokens is pooled."""
    mask: Tensor
    """(B, S) bool, True where there is a sentence."""


class Losses(NamedTuple):
    """The losses of a batch."""

    total: Tensor
    """() float32, with gradient."""
    parts: dict[str, Tensor]
    """Each loss before its weight, and retrieval accuracies, by the name in the logs."""
