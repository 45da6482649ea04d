"""What methods share that learn from images alone: settings, views, normalisation (pretraining.md section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import PositiveInt
from torch import Tensor

from lovt_bench.submissions.common.augment.contrastive import contrastive_view
from lovt_bench.submissions.common.augment.normalise import network_input
from lovt_bench.submissions.common.augment.square import square
from lovt_bench.submissions.common.corpus import Normalisation
from lovt_bench.submissions.common.module import PretrainingModule
from lovt_bench.submissions.common.sampling import Sample, Transform, Unit
from lovt_bench.submissions.common.settings import Schedule, TrainingSettings


class ImageOnlySettings(TrainingSettings):
    """Settings of BYOL, SimCLR, PixelPro, PixPro and DenseCL."""

    batch_size: int = 64
    weight_decay: float = 1e-4
    schedule: Schedule = "warmup_cosine"
    warmup_epochs: int = 1
    """Published: 1, which is one epoch at learning rate 0 that adapts BatchNorm's statistics only."""
    source_side: PositiveInt = 512
    """Side in pixels of the square that views are cut from; the aspect ratio is not kept."""
    normalisation: Normalisation = "half"
    """`half` is what the published baselines fell back to."""


class ImageOnlyModule(PretrainingModule):
    """Base of the methods without validation whose last epoch is exported."""

    unit: ClassVar[Unit] = "image"
    settings: ImageOnlySettings

    def training_transform(self) -> Transform:
        return TwoViews(self.settings.source_side, self.settings.image_side)

    def network_input(self, views: Tensor) -> Tensor:
        """Return (B, 3, S, S) of views (B, 1, S, S) in [0, 1]."""
        return network_input(views, *self.corpus.normalised_by(self.settings.normalisation))

    def features(self, images: Tensor) -> Tensor:
        """Return (B, C): the last feature map of (B, 3, S, S), averaged over its places."""
        return self.backbone.feature_maps(images)[-1].mean((2, 3))


@dataclass(frozen=True)
class TwoViews:
    """Two SimCLR-type views of an image, each with its own draw."""

    source_side: int
    side: int

    def __call__(self, sample: Sample) -> tuple[Tensor, Tensor]:
        """Return two (1, side, side) float32 in [0, 1]."""
        image = square(sample.image, self.source_side)
        return contrastive_view(image, self.side), contrastive_view(image, self.side)
