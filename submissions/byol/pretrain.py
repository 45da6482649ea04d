"""BYOL as published beside LoVT (pretraining.md section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import PositiveInt
from torch import Tensor, nn

from lovt_bench.submissions.byol.objective import byol_loss
from lovt_bench.submissions.common.augment.contrastive import contrastive_view
from lovt_bench.submissions.common.batch_draw import SquareItem, batch_of
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.mlp import mlp
from lovt_bench.submissions.common.momentum import MomentumModule, MomentumSettings
from lovt_bench.submissions.common.moving_average import target_copy
from lovt_bench.submissions.common.sampling import Transform


class Settings(MomentumSettings):
    """Defaults are byol_100."""

    learning_rate: float = 1e-4
    hidden: PositiveInt = 4096
    projection: PositiveInt = 128
    shared_augmentation: bool = True
    """Whether all images of a batch share crop, jitter, flip and blur within a view, as published."""


class BYOL(MomentumModule):
    """Bootstrap Your Own Latent: predict what a slow copy of the network sees in another view of the image."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        channels = self.backbone.levels[-1].channels
        self.projector = mlp(channels, settings.hidden, settings.projection)
        self.predictor = mlp(settings.projection, settings.hidden, settings.projection)
        self.target_backbone = target_copy(self.backbone)
        self.target_projector = target_copy(self.projector)

    def training_transform(self) -> Transform:
        if self.settings.shared_augmentation:
            return SquareItem(self.settings.source_side)
        return super().training_transform()

    def collate(self) -> Callable[[list[Any]], Any]:
        return (
            SharedViews(self.settings.image_side) if self.settings.shared_augmentation else super().collate()
        )

    def online(self, images: Tensor) -> Tensor:
        return self.projector(self.features(images))

    def target(self, images: Tensor) -> Tensor:
        return self.target_projector(self.target_backbone.feature_maps(images)[-1].mean((2, 3)))

    def loss(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        views = (self.network_input(batch[0]), self.network_input(batch[1]))
        return byol_loss(self.online, self.predictor, self.target, views)

    def averages(self) -> Iterable[tuple[nn.Module, nn.Module]]:
        return [(self.target_backbone, self.backbone), (self.target_projector, self.projector)]


@dataclass(frozen=True)
class SharedViews:
    """Two views of a batch; within a view one draw for all images."""

    side: int

    def __call__(self, items: list[tuple[Tensor, int]]) -> tuple[Tensor, Tensor]:
        """Return two (B, 1, side, side) float32 in [0, 1]."""
        with batch_of(items) as images:
            return contrastive_view(images, self.side), contrastive_view(images, self.side)


if __name__ == "__main__":
    run(BYOL, Settings)
