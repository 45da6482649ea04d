"""Supervised pre-training on the five CheXpert labels, as published beside LoVT (pretraining.md section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lovt_bench.submissions.chexpert.auroc import macro_auroc
from lovt_bench.submissions.common.augment.normalise import network_input
from lovt_bench.submissions.common.augment.pad_resize import validation_view
from lovt_bench.submissions.common.augment.report_pair import training_view
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.distributed import gather_with_gradient
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.image_only import HALF
from lovt_bench.submissions.common.module import Monitor, PretrainingModule
from lovt_bench.submissions.common.sampling import Sample, Transform, Unit
from lovt_bench.submissions.common.settings import Schedule, TrainingSettings


class Settings(TrainingSettings):
    """Defaults are chexpert_100."""

    batch_size: int = 64
    learning_rate: float = 3e-4
    weight_decay: float = 1e-6
    schedule: Schedule = "plateau"
    plateau_factor: float = 0.5
    plateau_patience: int = 3
    patience: int | None = 10
    normalisation: Literal["half", "corpus"] = "half"
    """`half`: mean and standard deviation 0.5, as published; `corpus`: those of the training split."""


class CheXpert(PretrainingModule):
    """Supervised classification: ResNet, average pooling, one linear layer, binary cross-entropy."""

    unit: ClassVar[Unit] = "image"
    needs: ClassVar[tuple[Literal["reports", "labels"], ...]] = ("labels",)
    monitor: ClassVar[Monitor | None] = Monitor("val/auroc", "max")
    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        self.classify = nn.Linear(self.backbone.levels[-1].channels, len(corpus.label_names))
        self.validated: list[tuple[Tensor, Tensor]] = []

    def training_transform(self) -> Transform:
        return LabelledView(self.settings.image_side, training=True)

    def validation_transform(self) -> Transform:
        return LabelledView(self.settings.image_side, training=False)

    def logits(self, views: Tensor) -> Tensor:
        """Return (B, L) of (B, 1, S, S) uint8."""
        published = self.settings.normalisation == "half"
        mean, std = HALF if published else (self.corpus.pixel_mean, self.corpus.pixel_std)
        return self.classify(self.backbone.feature_maps(network_input(views, mean, std))[-1].mean((2, 3)))

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        views, labels = batch
        loss = functional.binary_cross_entropy_with_logits(self.logits(views), labels)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        views, labels = batch
        logits = self.logits(views)
        loss = functional.binary_cross_entropy_with_logits(logits, labels)
        self.log("val/loss", loss, batch_size=len(labels), sync_dist=True)
        self.validated.append((logits.float(), labels))

    def on_validation_epoch_end(self) -> None:
        logits, labels = (torch.cat(parts) for parts in zip(*self.validated, strict=True))
        self.validated.clear()
        if self.trainer.world_size > 1:
            logits, labels = gather_with_gradient(logits), gather_with_gradient(labels)
        self.log("val/auroc", macro_auroc(logits.sigmoid(), labels), sync_dist=True)


@dataclass(frozen=True)
class LabelledView:
    """A view of an image and its labels."""

    side: int
    training: bool

    def __call__(self, sample: Sample) -> tuple[Tensor, Tensor]:
        """Return (1, side, side) uint8 and (L,) float32."""
        view = training_view if self.training else validation_view
        return view(sample.image, self.side), torch.tensor(sample.labels)


if __name__ == "__main__":
    run(CheXpert, Settings)
