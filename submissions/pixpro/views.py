"""Two views of one image by PixPro's own recipe, and which of their places lie close to each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional as transform

from lovt_bench.submissions.common.augment.blur import gaussian_blur
from lovt_bench.submissions.common.augment.contrastive import to_unit
from lovt_bench.submissions.common.augment.cutout import Cutout
from lovt_bench.submissions.common.augment.square import square
from lovt_bench.submissions.common.losses.pixel_consistency import positive_pairs
from lovt_bench.submissions.common.sampling import Sample


@dataclass(frozen=True)
class PixelViews:
    """Crops, flips and photometric changes drawn for each image and view.

    BYOL's recipe, which PixPro uses, for grey images: jitter with p 0.8 in both views, blur always in the first
    and with p 0.1 in the second, solarisation with p 0.2 in the second.
    """

    source_side: int
    side: int
    places: int
    """Side of the feature map that is compared."""
    least_area: float
    """Least share of the image's area that a crop has."""
    threshold: float

    def __call__(self, sample: Sample) -> tuple[Tensor, Tensor, Tensor]:
        """Return two (1, side, side) float32 in [0, 1], and (N, N) bool with N = places ** 2."""
        image = square(sample.image, self.source_side)
        first, second = self._draw(), self._draw()
        views = self._crop(image, first), self._crop(image, second)
        pairs = close_places(first, second, self.places, self.threshold)
        return self._change(views[0], blur=1.0, solarise=0.0), self._change(views[1], 0.1, 0.2), pairs

    def _draw(self) -> Cutout:
        crop = v2.RandomResizedCrop(self.side, scale=(self.least_area, 1.0))
        drawn = crop.make_params([torch.empty(1, self.source_side, self.source_side, dtype=torch.uint8)])
        top, left, height, width = (int(drawn[name]) for name in ("top", "left", "height", "width"))
        return Cutout(top, top + height, left, left + width, bool(torch.rand(()) < 0.5))

    def _crop(self, image: Tensor, crop: Cutout) -> Tensor:
        height, width = crop.bottom - crop.top, crop.right - crop.left
        view = transform.resized_crop(
            image, crop.top, crop.left, height, width, [self.side] * 2, InterpolationMode.BILINEAR
        )
        return to_unit(view.flip(-1) if crop.flipped else view)

    def _change(self, view: Tensor, blur: float, solarise: float) -> Tensor:
        steps = [
            v2.RandomApply([v2.ColorJitter(brightness=0.4, contrast=0.4)], p=0.8),
            v2.RandomApply([gaussian_blur(self.side, (0.1, 2.0))], p=blur),
            v2.RandomSolarize(0.5, p=solarise),
        ]
        return v2.Compose(steps)(view)


def close_places(first: Cutout, second: Cutout, places: int, threshold: float) -> Tensor:
    """Return (N, N) bool: centres closer than `threshold` times the greater place's diagonal, N = places ** 2.

    This is PixPro's own rule: the unit is a place of the larger crop, so the number of neighbours does not fall
    with the crop's size.
    """
    unit = max(_diagonal(first, places), _diagonal(second, places))
    return positive_pairs(_centres(first, places) / unit, _centres(second, places) / unit, threshold)


def _diagonal(crop: Cutout, places: int) -> float:
    return math.hypot(crop.bottom - crop.top, crop.right - crop.left) / places


def _centres(crop: Cutout, places: int) -> Tensor:
    line = (torch.arange(places) + 0.5) / places
    rows = crop.top + line * (crop.bottom - crop.top)
    columns = crop.left + line * (crop.right - crop.left)
    return torch.cartesian_prod(rows, columns.flip(0) if crop.flipped else columns)
