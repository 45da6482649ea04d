"""Dice loss of coarse logit maps after bilinear upsampling, without keeping anything of full size.

Equal to `dice_loss(upsample(maps), target)`. The gradient at an upsampled logit is p (1 - p) (a y + b), where
a and b come from sums over the batch. So p (1 - p) y and p (1 - p) go down to the coarse grid while p is at
hand, a block that fits the cache at a time, and are combined once the sums are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lovt_bench.tasks.blocks import image_blocks
from lovt_bench.tasks.heads.linear import bilinear_matrix
from lovt_bench.tasks.losses.dice import EPSILON


def upsampled_dice_loss(maps: Tensor, target: Tensor, *, mode: Literal["batch", "image"] = "batch") -> Tensor:
    """Return the Dice loss of each of K configurations, (K,) float32. No host sync.

    Args:
        maps: (K, B, C, h, w) coarse logits, any floating type.
        target: (K, B, C, H, W) 0/1 of any type; axis 0 may be 1 or missing where all see the same images.
        mode: As in `dice_loss`.

    Raises:
        ValueError: Shapes do not fit each other.
    """
    if target.ndim == maps.ndim - 1:
        target = target[None]
    if maps.ndim != 5 or target.shape[1:3] != maps.shape[1:3] or target.shape[0] not in (1, len(maps)):
        raise ValueError(
            f"maps {tuple(maps.shape)} and target {tuple(target.shape)} do not fit: "
            f"expected (K, B, C, h, w) and (K or 1, B, C, H, W)"
        )
    with torch.autocast(maps.device.type, enabled=False):
        maps = maps.float()
        vertical = bilinear_matrix(maps.shape[-2], target.shape[-2], device=maps.device)
        across = bilinear_matrix(maps.shape[-1], target.shape[-1], device=maps.device)
        loss: Tensor = _UpsampledDice.apply(maps, target, vertical, across, mode)
    return loss


class _UpsampledDice(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, maps: Tensor, target: Tensor, vertical: Tensor, across: Tensor, mode: str
    ) -> Tensor:
        learns = ctx.needs_input_grad[0]
        slope = torch.empty_like(maps) if learns else None
        slope_on_mask = torch.empty_like(maps) if learns else None
        probability = maps.new_empty(maps.shape[:2])
        overlap = maps.new_empty(maps.shape[:2])
        foreground = torch.empty_like(overlap)
        back = vertical.T.contiguous()
        for heads, images in _blocks(maps):
            p = (vertical @ (maps[heads, images] @ across.T)).sigmoid_()
            y = target[heads if len(target) > 1 else slice(None), images].float()
            probability[heads, images] = p.flatten(2).sum(-1)
            foreground[heads, images] = y.flatten(2).sum(-1)
            q = torch.addcmul(p, p, p, value=-1) if learns else None
            overlap[heads, images] = p.mul_(y).flatten(2).sum(-1)
            if q is not None and slope is not None and slope_on_mask is not None:
                slope[heads, images] = (back @ q) @ across
                slope_on_mask[heads, images] = (back @ q.mul_(y)) @ across
        if mode == "batch":
            probability, overlap, foreground = (
                value.sum(1, keepdim=True) for value in (probability, overlap, foreground)
            )
        total = (probability + foreground).clamp_min(EPSILON)
        counts = (foreground > 0).float()
        if learns:
            ctx.save_for_backward(slope, slope_on_mask, overlap, total, counts)
        return ((1 - 2 * overlap / total) * counts).mean(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        slope, slope_on_mask, overlap, total, counts = ctx.saved_tensors
        scale = gradient[:, None] * counts / counts.shape[1]
        on_mask, everywhere = -2 / total * scale, 2 * overlap / total**2 * scale
        result = on_mask[..., None, None, None] * slope_on_mask + everywhere[..., None, None, None] * slope
        return result, None, None, None, None


def _blocks(maps: Tensor) -> Iterator[tuple[slice, slice]]:
    """Yield slices of configurations and images that are worked on together."""
    together = [slice(None)] if maps.device.type != "cpu" else [slice(k, k + 1) for k in range(len(maps))]
    for images in image_blocks(maps[0]):
        yield from ((heads, images) for heads in together)
