"""Attention between the regions of an image and the sentences of its report (pretraining.md section 1.4)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Attended(NamedTuple):
    """Each side as the other one describes it."""

    regions: Tensor
    """(B, R, d): what the sentences say about each region, z_{b→a}."""
    sentences: Tensor
    """(B, S, d): what the regions show of each sentence, z_{a→b}."""
    region_probabilities: Tensor
    """(B, R, S): softmax over sentences; 0 at padded ones."""
    sentence_probabilities: Tensor
    """(B, S, R): softmax over regions; rows of padded sentences are 0."""


class CrossAttention(nn.Module):
    """One symmetric single-head attention for both directions.

    Keys and queries of both modalities share one projection, and so do values, outputs and the final BN,
    which has batch statistics for each direction (regions first) and common running statistics.
    """

    def __init__(self, dimension: int = 512, *, padded_in_norm: bool = True) -> None:
        super().__init__()
        self.padded_in_norm = padded_in_norm
        self.key = nn.Linear(dimension, dimension)
        self.value = nn.Linear(dimension, dimension)
        self.output = nn.Linear(dimension, dimension)
        self.norm = nn.BatchNorm1d(dimension)
        for layer in (self.key, self.value, self.output):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="linear")
            nn.init.zeros_(layer.bias)

    def forward(self, regions: Tensor, sentences: Tensor, mask: Tensor) -> Attended:
        """Let each side attend to the other.

        Args:
            regions: (B, R, d) float, z_a.
            sentences: (B, S, d) float, z_b.
            mask: (B, S) bool, True where there is a sentence; each report has one.
        """
        scores = self.key(regions) @ self.key(sentences).transpose(1, 2) / math.sqrt(regions.shape[-1])
        of_sentences = scores.masked_fill(~mask[:, None, :], -math.inf).softmax(dim=2)
        of_regions = scores.transpose(1, 2).softmax(dim=2).masked_fill(~mask[:, :, None], 0)
        attended_regions = self._normalise(self.output(of_sentences @ self.value(sentences)), None)
        attended_sentences = self._normalise(self.output(of_regions @ self.value(regions)), mask)
        return Attended(attended_regions, attended_sentences, of_sentences, of_regions)

    def _normalise(self, attended: Tensor, mask: Tensor | None) -> Tensor:
        if mask is not None and not self.padded_in_norm:
            valid = self.norm(attended[mask])
            return torch.zeros_like(attended, dtype=valid.dtype).masked_scatter(mask[..., None], valid)
        return self.norm(attended.flatten(0, 1)).view_as(attended)
