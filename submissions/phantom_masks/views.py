"""Views of an image and its masks: what moves one moves the other."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms.v2.functional import adjust_brightness, adjust_contrast, equalize

from lovt_bench.submissions.common.sampling import Sample

SMALLEST = 0.6
"""Least side of a crop, as a share of the image's."""
JITTER = 0.2


@dataclass(frozen=True)
class MaskedView:
    """A view of an image with its masks and filled boxes."""

    side: int
    training: bool

    def __call__(self, sample: Sample) -> tuple[Tensor, Tensor]:
        """Return (1, side, side) uint8 and (2 L, side / 4, side / 4) float32, the share of a cell that is covered."""
        assert sample.masks is not None, "the corpus was checked for masks before"
        image = torch.from_numpy(sample.image.copy())[None, None].float()
        masks = torch.from_numpy(sample.masks).flatten(0, 1)[None].float()
        if self.training:
            image, masks = _crop_and_flip(image, masks)
        image = functional.interpolate(image, (self.side, self.side), mode="bilinear", antialias=True)
        masks = functional.interpolate(masks, (self.side // 4, self.side // 4), mode="area")
        grey = image[0].round().clamp(0, 255).to(torch.uint8)
        return (_other_greys(grey) if self.training else grey), masks[0]


def _crop_and_flip(image: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Cut the same square out of both, in whole cells of the masks, and mirror both or neither."""
    cells, (height, width) = masks.shape[-1], image.shape[-2:]
    side = int(torch.randint(round(SMALLEST * cells), cells + 1, ()))
    top, left = (int(torch.randint(cells - side + 1, ())) for _ in range(2))
    rows = slice(height * top // cells, height * (top + side) // cells)
    columns = slice(width * left // cells, width * (left + side) // cells)
    image = image[..., rows, columns]
    masks = masks[..., top : top + side, left : left + side]
    if torch.rand(()) < 0.5:
        image, masks = image.flip(-1), masks.flip(-1)
    return image, masks


def _other_greys(grey: Tensor) -> Tensor:
    """Return the image equalised or not, as evaluation datasets are, at another brightness and contrast."""
    if torch.rand(()) < 0.5:
        grey = equalize(grey)
    brightness, contrast = (1 + JITTER * (2 * torch.rand(2) - 1)).tolist()
    return adjust_contrast(adjust_brightness(grey, brightness), contrast)
