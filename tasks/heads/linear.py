"""Linear segmentation head (evaluation.md section 8): 1x1 convolution on the stride-32 map, upsampled logits.

Upsampling is two matrix products, U y Uᵀ, equal to bilinear interpolation with align_corners=False and two to
three times faster where many configurations train together.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor, nn

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.tasks.head import Head

HEAD = Head(
    name="linear",
    label="Linear",
    target="masks",
    strides=(32,),
    forward_seconds=0.0004,
    train_seconds=0.0010,
    one_layer=True,
)
(STRIDE,) = HEAD.strides


@lru_cache(maxsize=64)
@torch.inference_mode(False)
def bilinear_matrix(
    n_in: int, n_out: int, *, dtype: torch.dtype = torch.float32, device: torch.device | str | None = None
) -> Tensor:
    """Return the (n_out, n_in) matrix of linear interpolation with align_corners=False. Not to be changed in place.

    Made once and kept: a copy to a GPU would hold up the host at every step.
    """
    position = (torch.arange(n_out, dtype=torch.float64) + 0.5) * (n_in / n_out) - 0.5
    position = position.clamp(0, n_in - 1)
    left = position.floor().clamp(max=max(n_in - 2, 0)).long()
    share = position - left
    matrix = torch.zeros(n_out, n_in, dtype=torch.float64)
    rows = torch.arange(n_out)
    matrix[rows, left] = 1 - share
    if n_in > 1:
        matrix[rows, left + 1] = share
    return matrix.to(dtype=dtype, device=device)


def upsample(maps: Tensor, height: int, width: int) -> Tensor:
    """Return maps (..., h, w) bilinearly upsampled to (..., height, width), align_corners=False."""
    down = bilinear_matrix(maps.shape[-2], height, dtype=maps.dtype, device=maps.device)
    across = bilinear_matrix(maps.shape[-1], width, dtype=maps.dtype, device=maps.device)
    return down @ (maps @ across.T)


def linear_logits(
    features: Tensor, weight: Tensor, bias: Tensor, size: int | tuple[int, int] | None = None
) -> Tensor:
    """Return the logits of one linear head, or of K heads at once.

    Args:
        features: (B, D, h, w), or with K heads (K, B, D, h, w) when each sees images of its own.
        weight: (C, D), or (K, C, D).
        bias: (C,), or (K, C).
        size: Side of the logits, or (height, width); None means 32 times the map, the input's side.

    Returns:
        (B, C, height, width), or (K, B, C, height, width).
    """
    height, width = features.shape[-2:]
    rows = features.flatten(-2)
    if weight.ndim == 2:
        maps = weight @ rows + bias[:, None]
    else:
        maps = weight[:, None] @ rows + bias[:, None, :, None]
    out = (
        (STRIDE * height, STRIDE * width) if size is None else (size, size) if isinstance(size, int) else size
    )
    return upsample(maps.unflatten(-1, (height, width)), *out)


class LinearHead(nn.Module):
    """1x1 convolution with bias, PyTorch default initialisation; logits (B, classes, S, S)."""

    def __init__(self, channels: Mapping[int, int], classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels[STRIDE], classes, 1)

    def forward(self, features: Mapping[int, Tensor]) -> Tensor:
        assert self.conv.bias is not None
        return linear_logits(features[STRIDE], self.conv.weight.flatten(1), self.conv.bias)


def build(channels: Mapping[int, int], classes: int, protocol: Protocol, divisor: int) -> LinearHead:
    """Return the head, which has no hidden layer to narrow."""
    return LinearHead(channels, classes)
