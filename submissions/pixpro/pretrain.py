"""PixPro on the last feature map with a schedule that learns: what the published PixelPro was meant to be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor, nn

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.losses.pixel_consistency import pixel_consistency
from lovt_bench.submissions.common.mlp import pixel_mlp
from lovt_bench.submissions.common.momentum import MomentumModule, MomentumSettings
from lovt_bench.submissions.common.moving_average import target_copy
from lovt_bench.submissions.common.pixel_propagation import PixelPropagation
from lovt_bench.submissions.common.sampling import Transform
from lovt_bench.submissions.pixpro.views import PixelViews


class Settings(MomentumSettings):
    """Sizes of the PixPro paper; batch, optimiser and epochs of the other image-only methods here."""

    learning_rate: float = 1e-4
    weight_decay: float = 1e-5
    warmup_epochs: int = 5
    ema_update: Literal["before_backward", "after_step"] = "after_step"
    """`after_step`: usual; `before_backward`: one step late, as the published BYOL."""
    normalisation: Literal["half", "corpus"] = "corpus"
    """`corpus`: mean and standard deviation of the training split; `half`: 0.5, as the published baselines."""
    hidden: PositiveInt = 2048
    projection: PositiveInt = 256
    gamma: PositiveFloat = 2.0
    """Exponent of the propagation's likeness."""
    threshold: PositiveFloat = 0.7
    """Distance of a pair of places, in diagonals of a place."""
    least_area: float = Field(default=0.08, gt=0, le=1)
    """Least share of the image's area that a view shows."""


class PixPro(MomentumModule):
    """PixPro: each place of a view, mixed with places like it, predicts the same place in another view."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        self.projector = pixel_mlp(self.backbone.levels[-1].channels, settings.hidden, settings.projection)
        self.propagate = PixelPropagation(settings.projection, settings.gamma)
        self.target_backbone = target_copy(self.backbone)
        self.target_projector = target_copy(self.projector)

    def training_transform(self) -> Transform:
        settings = self.settings
        places = settings.image_side // self.backbone.levels[-1].stride
        return PixelViews(
            settings.source_side, settings.image_side, places, settings.least_area, settings.threshold
        )

    def loss(self, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        views, positives = [self.network_input(view) for view in batch[:2]], batch[2]
        first, second = (self.propagate(self.projector(self.backbone.feature_maps(v)[-1])) for v in views)
        with torch.no_grad():
            target1, target2 = (
                self.target_projector(self.target_backbone.feature_maps(v)[-1]) for v in views
            )
        return pixel_consistency((first, second), (target1, target2), positives)

    def averages(self) -> Iterable[tuple[nn.Module, nn.Module]]:
        return [(self.target_backbone, self.backbone), (self.target_projector, self.projector)]

    def decay(self) -> float:
        """Rise from `ema_decay` to 1 along a cosine over the run, as in the PixPro paper."""
        done = self.trainer.global_step / max(1, self.trainer.estimated_stepping_batches)
        return 1 - (1 - self.settings.ema_decay) * (1 + math.cos(math.pi * min(1.0, done))) / 2


if __name__ == "__main__":
    run(PixPro, Settings)
