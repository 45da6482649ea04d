"""The "SimCLR-type" augmentation of the image-only methods (pretraining.md section 4).

Applied to one image it is one draw; applied to a batch every image of the batch shares one draw, as BYOL does
as published. Contrast pulls towards each image's own mean in either case.

The published code repeats the grey image to three channels first. That is done last here: the steps treat
equal channels equally, but for the weights of its grey conversion, which sum to 0.9999.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

from lovt_bench.submissions.common.augment.blur import gaussian_blur


def contrastive_view(images: Tensor, side: int) -> Tensor:
    """Return a random view: crop, jitter (p 0.8), flip (p 0.5), blur (p 0.5); one draw for all images given.

    Args:
        images: (1, S0, S0) or (B, 1, S0, S0) uint8, or floating type in [0, 1].
        side: Side of the view in pixels; 224 in the published study.

    Returns:
        The same number of axes, sides `side`, float32 in [0, 1].
    """
    return _pipeline(side)(to_unit(images))


def jitter_and_blur(images: Tensor) -> Tensor:
    """Return float images with jitter (p 0.8) and blur (p 0.5) alone; one draw for all images given."""
    return _photometric(images.shape[-1])(images)


def to_unit(images: Tensor) -> Tensor:
    """Return 8-bit images as float32 in [0, 1]; floating ones as float32 as they are."""
    return images.float() / 255 if images.dtype == torch.uint8 else images.float()


@cache
def _pipeline(side: int) -> v2.Compose:
    crop = v2.RandomResizedCrop(
        side,
        scale=(0.08, 1.0),
        ratio=(3 / 4, 4 / 3),
        interpolation=InterpolationMode.BILINEAR,
        antialias=False,
    )
    return v2.Compose([crop, _jitter(), v2.RandomHorizontalFlip(0.5), _blur(side)])


@cache
def _photometric(side: int) -> v2.Compose:
    return v2.Compose([_jitter(), _blur(side)])


def _jitter() -> v2.RandomApply:
    return v2.RandomApply([v2.ColorJitter(brightness=0.8, contrast=0.8)], p=0.8)


def _blur(side: int) -> v2.RandomApply:
    return v2.RandomApply([gaussian_blur(side, (0.1, 2.0))], p=0.5)
