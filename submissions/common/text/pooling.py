"""Token features to sentence features and one report feature (pretraining.md section 1.2)."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sentence_features(tokens: Tensor, sentence: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the largest value over each sentence's tokens.

    Args:
        tokens: (B, T, d) float, last hidden layer.
        sentence: (B, T) int64, the sentence that a token belongs to; -1 for special tokens and padding.
        count: S, the largest number of sentences in the batch.

    Returns:
        (B, S, d), zeros where there is no such sentence, and (B, S) bool, True where there is.
    """
    # Special tokens and padding go to one extra row, which is dropped.
    row = torch.where(sentence < 0, count, sentence)
    largest = tokens.new_full((tokens.shape[0], count + 1, tokens.shape[2]), -math.inf)
    largest = largest.scatter_reduce(1, row[..., None].expand_as(tokens), tokens, "amax")[:, :count]
    mask = row.new_zeros(len(row), count + 1).scatter(1, row, 1).bool()[:, :count]
    return largest.masked_fill(~mask[..., None], 0), mask


def report_maximum(tokens: Tensor, sentence: Tensor) -> Tensor:
    """Return (B, d): the largest value over all tokens of a report that are not special."""
    return tokens.masked_fill((sentence < 0)[..., None], -math.inf).amax(dim=1)
