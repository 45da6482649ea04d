"""Projection head: linear, norm, ReLU, linear (pretraining.md section 1.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ProjectionHead(nn.Module):
    """d_in -> hidden -> BN (or none) -> ReLU -> out, with biases; the same for each position of an input.

    BN averages over batch and positions. Published: padded positions (zeros) take part in it.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int = 2048,
        outputs: int = 512,
        *,
        norm: bool = True,
        padded_in_norm: bool = True,
    ) -> None:
        super().__init__()
        self.padded_in_norm = padded_in_norm
        self.inner = nn.Linear(inputs, hidden)
        self.norm = nn.BatchNorm1d(hidden) if norm else nn.Identity()
        self.outer = nn.Linear(hidden, outputs)
        nn.init.kaiming_normal_(self.inner.weight, mode="fan_out", nonlinearity="relu")
        nn.init.kaiming_normal_(self.outer.weight, mode="fan_out", nonlinearity="linear")
        nn.init.zeros_(self.inner.bias)
        nn.init.zeros_(self.outer.bias)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the projection.

        Args:
            features: (B, d_in) or (B, N, d_in) float.
            mask: (B, N) bool, True where valid. Read only if padded positions stay out of BN.

        Returns:
            (B, out) or (B, N, out). At padded positions: whatever the head makes of them, or zeros where
            they stay out of BN.
        """
        if mask is not None and not self.padded_in_norm:
            valid = self._project(features[mask])
            result = valid.new_zeros(*features.shape[:-1], valid.shape[-1])
            return result.masked_scatter(mask[..., None], valid)
        flat = self._project(features.flatten(0, -2))
        return flat.unflatten(0, features.shape[:-1])

    def _project(self, flat: Tensor) -> Tensor:
        return self.outer(torch.relu(self.norm(self.inner(flat))))
