"""PixelPro as published beside LoVT, quirks and all (pretraining.md section 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.log import logger
from lovt_bench.submissions.common.batch_draw import SquareItem
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.losses.pixel_consistency import pixel_consistency
from lovt_bench.submissions.common.losses.regression import symmetric_regression_loss
from lovt_bench.submissions.common.mlp import mlp, pixel_mlp
from lovt_bench.submissions.common.momentum import MomentumModule, MomentumSettings
from lovt_bench.submissions.common.moving_average import target_copy
from lovt_bench.submissions.common.pixel_propagation import PixelPropagation
from lovt_bench.submissions.common.sampling import Transform
from lovt_bench.submissions.pixelpro.views import CutoutViews

RATE_IS_ZERO = (
    "warmup_epochs 0, as published: the learning rate is 0 in every epoch, no weight changes, only BatchNorm's "
    "running statistics adapt; --set warmup_epochs=1 learns"
)


class Settings(MomentumSettings):
    """Defaults are pixelpro_100 and pixelpro_30, which are equal."""

    learning_rate: float = 1e-3
    weight_decay: float = 1e-5
    warmup_epochs: int = 0
    """0, as published, keeps the learning rate at 0; from 1 on the method learns."""
    layer: Literal["avgpool", "conv5"] = "avgpool"
    """Map that is compared: `avgpool`, as published, is one place per image; `conv5` has (side / 32) ** 2."""
    hidden: PositiveInt = 2048
    projection: PositiveInt = 512
    gamma: PositiveFloat = 2.0
    """Exponent of the propagation's likeness."""
    threshold: PositiveFloat = 0.7
    pixel_weight: NonNegativeFloat = 1.0
    cutout_ratios: tuple[float, float] = (0.6, 0.8)
    flip: float = Field(default=0.25, ge=0, le=1)


class Branch(nn.Module):
    """Projectors of one network: of the places of a map and of the whole image."""

    def __init__(self, channels: int, settings: Settings) -> None:
        super().__init__()
        self.pixel = pixel_mlp(channels, settings.hidden, settings.projection)
        self.instance = mlp(channels, settings.hidden, settings.projection)
        self.layer = settings.layer

    def forward(self, feature_map: Tensor) -> tuple[Tensor, Tensor]:
        """Return (B, d, h, w) and (B, d) of the last feature map (B, C, H, W)."""
        pooled = feature_map.mean((2, 3), keepdim=True)
        return self.pixel(pooled if self.layer == "avgpool" else feature_map), self.instance(
            pooled.flatten(1)
        )


class PixelPro(MomentumModule):
    """PixPro with instance branch on the average-pool layer, as the published study ran it."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        self.branch = Branch(self.backbone.levels[-1].channels, settings)
        self.propagate = PixelPropagation(settings.projection, settings.gamma)
        self.predictor = mlp(settings.projection, settings.hidden, settings.projection)
        self.target_backbone = target_copy(self.backbone)
        self.target_branch = target_copy(self.branch)
        if settings.schedule == "warmup_cosine" and settings.warmup_epochs == 0:
            self.notes.append(RATE_IS_ZERO)

    def on_fit_start(self) -> None:
        if RATE_IS_ZERO in self.notes:
            logger.warning(RATE_IS_ZERO)

    def training_transform(self) -> Transform:
        return SquareItem(self.settings.source_side)

    def collate(self) -> Callable[[list[Any]], Any]:
        settings = self.settings
        places = 1 if settings.layer == "avgpool" else settings.image_side // self.backbone.levels[-1].stride
        return CutoutViews(
            settings.image_side, places, settings.cutout_ratios, settings.flip, settings.threshold
        )

    def loss(self, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        views, positives = [self.network_input(view) for view in batch[:2]], batch[2]
        (pixel1, instance1), (pixel2, instance2) = (
            project(self.backbone, self.branch, view) for view in views
        )
        with torch.no_grad():
            (target1, whole1), (target2, whole2) = (
                project(self.target_backbone, self.target_branch, view) for view in views
            )
        pixel = pixel_consistency(
            (self.propagate(pixel1), self.propagate(pixel2)), (target1, target2), positives
        )
        instance = symmetric_regression_loss(
            (self.predictor(instance1), self.predictor(instance2)), (whole1, whole2)
        )
        self.log_dict({"train/pixel_loss": pixel, "train/instance_loss": instance})
        return self.settings.pixel_weight * pixel + instance

    def averages(self) -> Iterable[tuple[nn.Module, nn.Module]]:
        return [(self.target_backbone, self.backbone), (self.target_branch, self.branch)]


def project(backbone: Backbone, branch: Branch, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the pixel and the instance projections of a view."""
    projections: tuple[Tensor, Tensor] = branch(backbone.feature_maps(images)[-1])
    return projections


if __name__ == "__main__":
    run(PixelPro, Settings)
