"""Two views of one image by the recipe of MoCo v2, which DenseCL keeps, for grey images."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torchvision.transforms import v2

from lovt_bench.submissions.common.augment.blur import gaussian_blur
from lovt_bench.submissions.common.augment.contrastive import to_unit
from lovt_bench.submissions.common.augment.square import square
from lovt_bench.submissions.common.sampling import Sample


@dataclass(frozen=True)
class DenseViews:
    """Crop, jitter (p 0.8), blur (p 0.5), flip (p 0.5), each drawn for each image and view.

    Saturation, hue and the change to grey change nothing in a grey image and are left out.
    """

    source_side: int
    side: int
    least_area: float
    """Least share of the image's area that a crop has."""

    def __call__(self, sample: Sample) -> tuple[Tensor, Tensor]:
        """Return two (1, side, side) float32 in [0, 1]."""
        image = to_unit(square(sample.image, self.source_side))
        view = v2.Compose(
            [
                v2.RandomResizedCrop(self.side, scale=(self.least_area, 1.0), antialias=True),
                v2.RandomApply([v2.ColorJitter(brightness=0.4, contrast=0.4)], p=0.8),
                v2.RandomApply([gaussian_blur(self.side, (0.1, 2.0))], p=0.5),
                v2.RandomHorizontalFlip(0.5),
            ]
        )
        return view(image), view(image)
