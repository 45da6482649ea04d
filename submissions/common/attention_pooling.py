"""One vector of many positions by attention with their mean as the query (pretraining.md sections 1.1 and 1.2)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

PoolingQuery = Literal["padded", "valid"]
"""What the sum over valid positions is divided by: all positions of the batch, padded ones too (published,
so that a report's query depends on the other reports of its batch), or the valid ones."""


class AttentionPooling(nn.Module):
    """Multi-head attention with one query; no dropout, residual, layer norm or position encoding."""

    def __init__(self, dimension: int, heads: int = 8, query: PoolingQuery = "padded") -> None:
        super().__init__()
        self.query = query
        self.attention = nn.MultiheadAttention(dimension, heads, batch_first=True)

    def forward(self, positions: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the pooled features and the weight of each position.

        Args:
            positions: (B, N, d) float; zeros where padded.
            mask: (B, N) bool, True where valid; None: all are. Every row has a valid position.

        Returns:
            (B, d), and (B, N) attention weights averaged over the heads: sum 1, 0 where padded.
        """
        padded = None if mask is None else ~mask
        attended, weights = self.attention(
            self._query(positions, mask), positions, positions, key_padding_mask=padded, need_weights=True
        )
        return attended.squeeze(1), weights.squeeze(1)

    def _query(self, positions: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            return positions.mean(dim=1, keepdim=True)
        total = torch.where(mask[..., None], positions, 0).sum(dim=1, keepdim=True)
        if self.query == "padded":
            return total / positions.shape[1]
        return total / mask.sum(dim=1)[:, None, None]
