"""DINO's views of a grey image: two large crops and several small ones, each changed by its own draw."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

from lovt_bench.submissions.common.augment.blur import gaussian_blur
from lovt_bench.submissions.common.augment.crop import crop_view
from lovt_bench.submissions.common.sampling import Sample

SIGMA = (0.1, 2.0)
"""Least and greatest standard deviation of the blur, in pixels of a 224 image; small crops have the same."""


@dataclass(frozen=True)
class MultiCrop:
    """Two global and `local_crops` local views.

    Attributes:
        side: Of global views, in pixels.
        local_side: Of local views.
        global_area: Least and greatest share of the image's area that a global view shows.
        local_area: The like of local views.
    """

    side: int
    local_side: int
    local_crops: int
    global_area: tuple[float, float]
    local_area: tuple[float, float]

    def __call__(self, sample: Sample) -> tuple[Tensor, ...]:
        """Return two (1, side, side), then `local_crops` (1, local_side, local_side), uint8."""

        def view(side: int, area: tuple[float, float], blur: float, solarise: float) -> Tensor:
            crop = crop_view(sample.image, side, area, InterpolationMode.BICUBIC)
            changed: Tensor = _photometric(self.side, blur, solarise)(crop)
            return changed

        return (
            view(self.side, self.global_area, 1.0, 0.0),
            view(self.side, self.global_area, 0.1, 0.2),
            *(view(self.local_side, self.local_area, 0.5, 0.0) for _ in range(self.local_crops)),
        )


@cache
def _photometric(side: int, blur: float, solarise: float) -> v2.Compose:
    """Return flip, jitter, blur and solarisation with these probabilities; what is for colours is left out."""
    return v2.Compose(
        [
            v2.RandomHorizontalFlip(0.5),
            v2.RandomApply([v2.ColorJitter(brightness=0.4, contrast=0.4)], p=0.8),
            v2.RandomApply([gaussian_blur(side, SIGMA)], p=blur),
            v2.RandomSolarize(threshold=128, p=solarise),
        ]
    )
