"""3x3 convolution by Winograd's minimal filtering F(2x2, 3x3), for float32 on a CPU.

Four outputs cost 16 products a channel instead of 36. Input, kernels and output are transformed by additions; between
them stand 16 matrix products. The image is walked in bands of rows, so that a band's transforms stay in the
processor's cache. Source of the method: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
CVPR 2016, section 4.1. Rounding differs from a direct convolution as that of another order of sums does
(tests/benchmark/engine/train/kernels/test_winograd.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

BAND_BYTES = 32_000_000
"""Transforms of one band, input and output together: measured between 2 and 128 MB on 32 MB of cache."""

_KERNEL = ((1.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.0, 0.0, 1.0))


class Band(NamedTuple):
    """Images first to last, tile rows top to bottom (two image rows each), ends excluded."""

    first: int
    last: int
    top: int
    bottom: int


def winograd_conv2d(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return the convolution of stride 1 that keeps the side, differentiable once.

    Args:
        x: (B, C, H, W), float32 or float64, any layout.
        weight: (K, C, 3, 3).
        bias: (K,) or None.

    Returns:
        (B, K, H, W), channels last in memory.
    """
    out: Tensor = _Convolution.apply(x, weight, bias)
    return out


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        kernels = _transform_kernels(weight)
        images = x.permute(0, 2, 3, 1).contiguous()
        ctx.save_for_backward(images, kernels)
        out = _convolve(images, kernels.transpose(1, 2), flipped=False)
        return (out if bias is None else out.add_(bias)).permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        images, kernels = ctx.saved_tensors
        needs_input, needs_weight, needs_bias = ctx.needs_input_grad
        outward = gradient.permute(0, 2, 3, 1).contiguous()
        to_input = _convolve(outward, kernels, flipped=True).permute(0, 3, 1, 2) if needs_input else None
        to_weight = _weight_gradient(images, outward) if needs_weight else None
        return to_input, to_weight, outward.sum((0, 1, 2)) if needs_bias else None


def _convolve(images: Tensor, kernels: Tensor, *, flipped: bool) -> Tensor:
    """Return (B, H, W, K) from (B, H, W, C) and transformed kernels (16, C, K).

    `flipped` convolves with the kernels turned by half a turn: that swaps the first and the last of each four.
    """
    batch, height, width, channels = images.shape
    out = images.new_empty(batch, height, width, kernels.shape[2])
    for band in _bands(batch, height, width, channels + kernels.shape[2]):
        products = torch.bmm(_transform_input(images, band, flipped=flipped), kernels)
        end = min(height, 2 * band.bottom)
        tiles = _transform_output(products, band, width, flipped=flipped)
        out[band.first : band.last, 2 * band.top : end] = tiles[:, : end - 2 * band.top, :width]
    return out


def _weight_gradient(images: Tensor, outward: Tensor) -> Tensor:
    """Return (K, C, 3, 3) from the input (B, H, W, C) and the gradient of the output (B, H, W, K)."""
    batch, height, width, channels = images.shape
    wide = outward.shape[3]
    total: Tensor | None = None
    for band in _bands(batch, height, width, channels + wide):
        back = _transform_gradient(outward, band).transpose(1, 2)
        entering = _transform_input(images, band, flipped=False)
        total = torch.bmm(back, entering) if total is None else total.baddbmm_(back, entering)
    assert total is not None
    return (_kernel_matrix(total).T @ total.view(16, -1)).T.reshape(wide, channels, 3, 3)


def _bands(batch: int, height: int, width: int, channels: int) -> Iterator[Band]:
    """Yield bands whose transforms fit in the budget: several whole images, or rows of one."""
    rows, across = (height + 1) // 2, (width + 1) // 2
    fitting = max(1, BAND_BYTES // (16 * 4 * across * channels))
    if fitting >= rows:
        step = fitting // rows
        yield from (Band(i, min(batch, i + step), 0, rows) for i in range(0, batch, step))
        return
    step = -(-rows // -(-rows // fitting))
    for image in range(batch):
        yield from (Band(image, image + 1, top, min(rows, top + step)) for top in range(0, rows, step))


def _kernel_matrix(like: Tensor) -> Tensor:
    rows = torch.tensor(_KERNEL, dtype=like.dtype, device=like.device)
    return torch.kron(rows, rows)


def _transform_kernels(weight: Tensor) -> Tensor:
    """Return (16, K, C) from (K, C, 3, 3)."""
    wide, channels = weight.shape[:2]
    return (_kernel_matrix(weight) @ weight.reshape(-1, 9).T).view(16, wide, channels)


def _transform_input(images: Tensor, band: Band, *, flipped: bool) -> Tensor:
    """Return (16, tiles, C): of each tile of 4x4 pixels, two apart, the sums that meet the kernels."""
    _, height, width, channels = images.shape
    down, across = band.bottom - band.top, (width + 1) // 2
    above, below = 2 * band.top - 1, 2 * band.bottom + 1
    rows = images[band.first : band.last, max(above, 0) : min(below, height)]
    right = 1 + 2 * across - width
    padded = F.pad(rows, (0, 0, 1, right, max(-above, 0), max(below - height, 0)))
    tiles = images.new_empty(4, 4, band.last - band.first, down, across, channels)
    order = (3, 1, 2, 0) if flipped else (0, 1, 2, 3)
    one, two, three, four = (padded[:, i : i + 2 * down : 2] for i in range(4))
    for i, row in zip(order, (one - three, two + three, three - two, two - four), strict=True):
        a, b, c, d = (row[:, :, j : j + 2 * across : 2] for j in range(4))
        torch.sub(a, c, out=tiles[i, order[0]])
        torch.add(b, c, out=tiles[i, 1])
        torch.sub(c, b, out=tiles[i, 2])
        torch.sub(b, d, out=tiles[i, order[3]])
    return tiles.view(16, -1, channels)


def _transform_output(products: Tensor, band: Band, width: int, *, flipped: bool) -> Tensor:
    """Return (images, 2 * tile rows, 2 * tile columns, K) from (16, tiles, K), which are overwritten."""
    images, down, across = band.last - band.first, band.bottom - band.top, (width + 1) // 2
    channels = products.shape[2]
    tiles = products.view(4, 4, images, down, across, channels)
    out = products.new_empty(images, down, 2, across, 2, channels)
    first, fourth = (3, 0) if flipped else (0, 3)
    upper = tiles[first].add_(tiles[1]).add_(tiles[2])
    lower = tiles[1].sub_(tiles[2]).sub_(tiles[fourth])
    for i, row in enumerate((upper, lower)):
        left, right = out[:, :, i, :, 0], out[:, :, i, :, 1]
        torch.add(row[first], row[1], out=left).add_(row[2])
        torch.sub(row[1], row[2], out=right).sub_(row[fourth])
    return out.view(images, 2 * down, 2 * across, channels)


def _transform_gradient(outward: Tensor, band: Band) -> Tensor:
    """Return (16, tiles, K): the transpose of the output's transform."""
    _, height, width, channels = outward.shape
    images, down, across = band.last - band.first, band.bottom - band.top, (width + 1) // 2
    end = min(height, 2 * band.bottom)
    rows = outward[band.first : band.last, 2 * band.top : end]
    padded = F.pad(rows, (0, 0, 0, 2 * across - width, 0, 2 * band.bottom - end))
    pairs = padded.contiguous().view(images, down, 2, across, 2, channels)
    upper, lower = pairs[:, :, 0], pairs[:, :, 1]
    tiles = outward.new_empty(4, 4, images, down, across, channels)
    for i, row in enumerate((upper, upper + lower, upper - lower, -lower)):
        left, right = row[:, :, :, 0], row[:, :, :, 1]
        tiles[i, 0].copy_(left)
        torch.add(left, right, out=tiles[i, 1])
        torch.sub(left, right, out=tiles[i, 2])
        torch.neg(right, out=tiles[i, 3])
    return tiles.view(16, -1, channels)
