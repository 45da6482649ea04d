"""The two views of a batch that PixelPro compares (pretraining.md section 7)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from lovt_bench.submissions.common.augment.contrastive import jitter_and_blur, to_unit
from lovt_bench.submissions.common.augment.cutout import cut, draw_cutout
from lovt_bench.submissions.common.batch_draw import batch_of
from lovt_bench.submissions.common.losses.pixel_consistency import place_coordinates, positive_pairs


@dataclass(frozen=True)
class CutoutViews:
    """Two cut-outs of a batch, the same for all its images, and the places that lie close to each other."""

    side: int
    """Side of the views in pixels."""
    places: int
    """Side of the feature map that is compared."""
    ratios: tuple[float, float]
    """Least and greatest share of the image's sides that a cut-out has."""
    flip: float
    """Probability of mirroring."""
    threshold: float
    """Distance below which two places are a pair."""

    def __call__(self, items: list[tuple[Tensor, int]]) -> tuple[Tensor, Tensor, Tensor]:
        """Return two (B, 1, side, side) float32 in [0, 1], and (N, N) bool with N = places ** 2."""
        with batch_of(items) as images:
            values, size = to_unit(images), (images.shape[-2], images.shape[-1])
            first, second = (draw_cutout(*size, self.ratios, self.flip) for _ in range(2))
            views = [self._reduce(cut(values, item)) for item in (first, second)]
        where = [place_coordinates(item, size, (self.places, self.places)) for item in (first, second)]
        return views[0], views[1], positive_pairs(where[0], where[1], self.threshold)

    def _reduce(self, images: Tensor) -> Tensor:
        reduced = functional.interpolate(images, size=(self.side, self.side), mode="bilinear")
        return jitter_and_blur(reduced)
