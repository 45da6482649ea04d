"""What passes between encoders and losses: a = image, b = report, as in the papers."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from lovt_bench.submissions.common.attention_pooling import AttentionPooling
from lovt_bench.submissions.common.text.pooling import report_maximum, sentence_features
from lovt_bench.submissions.common.text.tokeniser import ReportTokens

VERSION = 1
"""Raise when the text model, its tokeniser, pooling, heads or attention would make other numbers of the same weights:
what the analysis has stored is then computed again."""


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


def image_features(regions: Tensor, pooling: AttentionPooling | None) -> ImageFeatures:
    """Return the features of images from their regions (B, R, d); without attention their mean is pooled."""
    if pooling is None:
        return ImageFeatures(regions, regions.mean(dim=1), None)
    pooled, weights = pooling(regions)
    return ImageFeatures(regions, pooled, weights)


def report_features(
    tokens: Tensor, reports: ReportTokens, pooling: AttentionPooling | None
) -> ReportFeatures:
    """Return the features of reports from their tokens (B, T, d); without attention the maximum of all is pooled."""
    sentences, mask = sentence_features(tokens, reports.sentence, reports.sentence_count)
    if pooling is None:
        return ReportFeatures(sentences, report_maximum(tokens, reports.sentence), None, mask)
    pooled, weights = pooling(sentences, mask)
    return ReportFeatures(sentences, pooled, weights, mask)
