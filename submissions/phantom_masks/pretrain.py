"""The ceiling: a backbone whose feature levels are trained on the phantom's own masks and boxes. No method."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from lovt_bench.submissions.common.augment.normalise import network_input
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.module import Monitor, Need, PretrainingModule
from lovt_bench.submissions.common.sampling import Transform, Unit
from lovt_bench.submissions.common.settings import Schedule, TrainingSettings
from lovt_bench.submissions.phantom_masks.views import MaskedView


class Settings(TrainingSettings):
    """Hyperparameters."""

    learning_rate: float = 3e-4
    schedule: Schedule = "plateau"
    plateau_patience: int = 3
    max_epochs: int = 60
    patience: int | None = 10


class PhantomMasks(PretrainingModule):
    """The phantom's ceiling: each feature level tells masks and boxes by a linear layer, cross-entropy and Dice."""

    unit: ClassVar[Unit] = "image"
    needs: ClassVar[tuple[Need, ...]] = ("masks",)
    monitor: ClassVar[Monitor | None] = Monitor("val/loss", "min")
    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        planes = 2 * len(corpus.label_names)
        self.heads = nn.ModuleList(nn.Conv2d(level.channels, planes, 1) for level in self.backbone.levels)

    def training_transform(self) -> Transform:
        return MaskedView(self.settings.image_side, training=True)

    def validation_transform(self) -> Transform:
        return MaskedView(self.settings.image_side, training=False)

    def logits(self, views: Tensor) -> list[Tensor]:
        """Return (B, 2 L, h, w) of each feature level for (B, 1, S, S) uint8."""
        images = network_input(views, self.corpus.pixel_mean, self.corpus.pixel_std)
        maps = self.backbone.feature_maps(images)
        return [head(features) for head, features in zip(self.heads, maps, strict=True)]

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        loss = mask_loss(self.logits(batch[0]), batch[1])
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        loss = mask_loss(self.logits(batch[0]), batch[1])
        self.log("val/loss", loss, batch_size=len(batch[0]), sync_dist=True)


def mask_loss(levels: list[Tensor], masks: Tensor) -> Tensor:
    """Return the mean over levels of cross-entropy plus one minus soft Dice, in float32.

    Args:
        levels: Logits (B, P, h, w), each of its own size.
        masks: (B, P, H, W) in [0, 1]; brought to a level's size by the mean over area. Dice is of each plane over the
            batch, and of those planes that show anything in it.
    """
    losses = []
    for logits in levels:
        target = functional.interpolate(masks, logits.shape[-2:], mode="area")
        entropy = functional.binary_cross_entropy_with_logits(logits.float(), target)
        shown = logits.float().sigmoid()
        covered = target.sum((0, 2, 3))
        dice = 2 * (shown * target).sum((0, 2, 3)) / (shown.sum((0, 2, 3)) + covered)
        there = covered > 0
        losses.append(entropy + (1 - dice[there]).mean() if there.any() else entropy)
    return torch.stack(losses).mean()


if __name__ == "__main__":
    run(PhantomMasks, Settings)
