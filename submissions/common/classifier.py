"""What methods share that learn labels: ResNet, average pooling, one linear layer, AUROC on validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from lovt_bench.submissions.common.augment.normalise import network_input
from lovt_bench.submissions.common.augment.pad_resize import validation_view
from lovt_bench.submissions.common.augment.report_pair import training_view
from lovt_bench.submissions.common.auroc import macro_auroc
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.distributed import gather_with_gradient
from lovt_bench.submissions.common.module import Monitor, Need, PretrainingModule
from lovt_bench.submissions.common.sampling import Sample, Transform, Unit
from lovt_bench.submissions.common.settings import TrainingSettings


class Classifier(PretrainingModule):
    """Supervised classification. A method says which loss, which pixel statistics and, if not all, which labels."""

    unit: ClassVar[Unit] = "image"
    needs: ClassVar[tuple[Need, ...]] = ("labels",)
    monitor: ClassVar[Monitor | None] = Monitor("val/auroc", "max")

    def __init__(
        self, settings: TrainingSettings, corpus: Corpus, seed: int = 0, labels: tuple[int, ...] | None = None
    ) -> None:
        super().__init__(settings, corpus, seed)
        self.labels = tuple(range(len(corpus.label_names))) if labels is None else labels
        """Columns of the label table that are learnt."""
        self.classify = nn.Linear(self.backbone.levels[-1].channels, len(self.labels))
        self.validated: list[tuple[Tensor, Tensor]] = []

    def pixel_statistics(self) -> tuple[float, float]:
        """Return mean and standard deviation that images are normalised by."""
        return self.corpus.normalised_by("corpus")

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of (B, L) logits and labels."""
        raise NotImplementedError

    def training_transform(self) -> Transform:
        return LabelledView(self.settings.image_side, training=True, labels=self.labels)

    def validation_transform(self) -> Transform:
        return LabelledView(self.settings.image_side, training=False, labels=self.labels)

    def logits(self, views: Tensor) -> Tensor:
        """Return (B, L) of (B, 1, S, S) uint8."""
        images = network_input(views, *self.pixel_statistics())
        return self.classify(self.backbone.feature_maps(images)[-1].mean((2, 3)))

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        views, labels = batch
        loss = self.loss(self.logits(views), labels)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        views, labels = batch
        logits = self.logits(views)
        self.log("val/loss", self.loss(logits, labels), batch_size=len(labels), sync_dist=True)
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
    labels: tuple[int, ...] | None = None
    """Columns that are taken; None: all."""

    def __call__(self, sample: Sample) -> tuple[Tensor, Tensor]:
        """Return (1, side, side) uint8 and (L,) float32."""
        view = training_view if self.training else validation_view
        labels = torch.tensor(sample.labels)
        return view(sample.image, self.side), labels if self.labels is None else labels[list(self.labels)]
