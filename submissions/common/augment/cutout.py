"""A part of an image as a view that remembers where it comes from: PixPro compares pixels by place."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Cutout:
    """Rows `top` to `bottom` and columns `left` to `right` (ends not included), mirrored after cutting."""

    top: int
    bottom: int
    left: int
    right: int
    flipped: bool = False


def draw_cutout(
    height: int, width: int, ratios: tuple[float, float] = (0.6, 0.8), flip: float = 0.25
) -> Cutout:
    """Return a cut-out whose sides are one common random share of the image's sides, at a random place.

    Args:
        height: Height of the image in pixels.
        width: Width of the image in pixels.
        ratios: Least and greatest share of the sides.
        flip: Probability of mirroring.
    """
    share, place_x, place_y, mirror = torch.rand(4).tolist()
    ratio = ratios[0] + share * (ratios[1] - ratios[0])
    rows, columns = math.floor(ratio * height), math.floor(ratio * width)
    left, top = math.floor((width - columns) * place_x), math.floor((height - rows) * place_y)
    return Cutout(top, top + rows, left, left + columns, mirror < flip)


def cut(images: Tensor, cutout: Cutout) -> Tensor:
    """Return the cut-out of (..., H, W) floating images, back at H x W by nearest neighbour."""
    height, width = images.shape[-2:]
    part = images[..., cutout.top : cutout.bottom, cutout.left : cutout.right]
    lead = part.shape[:-2]
    resized = functional.interpolate(
        part.reshape(1, -1, *part.shape[-2:]), size=(height, width), mode="nearest"
    ).reshape(*lead, height, width)
    return resized.flip(-1) if cutout.flipped else resized
