"""Word pieces to words: the features of a word are the sum over its pieces, in GLoRIA (3.2) and in MGCA (3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from lovt_bench.submissions.common.text.tokeniser import ReportTokens

Keep = Literal["first", "last"]
"""Which special token counts as a word of its own: [CLS] (`first`) or [SEP] (`last`)."""


def continuing_pieces(vocabulary: Sequence[str]) -> Tensor:
    """Return (V,) bool: True for a piece that goes on with a word."""
    return torch.tensor([token.startswith("##") for token in vocabulary])


def word_numbers(reports: ReportTokens, continues: Tensor, keep: Keep) -> Tensor:
    """Return (B, T) int64: the word that a token belongs to, in order; -1 for the other special token and padding.

    Args:
        reports: Tokenised reports.
        continues: (V,) bool of `continuing_pieces`, on their device.
        keep: The special token that counts as a word.
    """
    ends = reports.attention_mask.sum(dim=1, keepdim=True) - 1
    special = torch.zeros_like(ends) if keep == "first" else ends
    place = torch.arange(reports.ids.shape[1], device=reports.ids.device)
    taken = (reports.sentence >= 0) | (place == special)
    starts = taken & ~continues[reports.ids]
    return torch.where(taken, starts.cumsum(dim=1) - 1, -1)


def word_sums(tokens: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
    """Return the sum over each word's tokens.

    Args:
        tokens: (B, T, d) float.
        words: (B, T) int64 of `word_numbers`.

    Returns:
        (B, W, d), zeros where a report has fewer words, and (B, W) bool, True where there is a word.
    """
    count = int(words.max()) + 1
    # What belongs to no word goes to one extra row, which is dropped.
    row = torch.where(words < 0, count, words)
    sums = tokens.new_zeros(len(tokens), count + 1, tokens.shape[2])
    sums = sums.scatter_add(1, row[..., None].expand_as(tokens), tokens)[:, :count]
    mask = row.new_zeros(len(row), count + 1).scatter(1, row, 1).bool()[:, :count]
    return sums, mask
