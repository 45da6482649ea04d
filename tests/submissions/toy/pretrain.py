"""The smallest method with everything that can go wrong on resume: dropout, BN, drawn views, plateau, probes."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from lovt_bench.benchmark.backbone.folder import write_backbone
from lovt_bench.submissions.common import export
from lovt_bench.submissions.common.augment.normalise import network_input
from lovt_bench.submissions.common.augment.pad_resize import validation_view
from lovt_bench.submissions.common.augment.report_pair import training_view
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.module import Monitor, PretrainingModule
from lovt_bench.submissions.common.sampling import Sample, Transform
from lovt_bench.submissions.common.settings import Schedule, TrainingSettings

Batch = tuple[Tensor, Tensor]


class ToySettings(TrainingSettings):
    architecture: str = "resnet18"
    initial_weights: str = "random"
    image_side: int = 32
    batch_size: int = 4
    schedule: Schedule = "plateau"
    plateau_patience: int = 0
    max_epochs: int = 3
    explode_at: int | None = None
    """Optimiser step at which the loss becomes NaN."""
    double_bn_update: bool = True


def train_view(sample: Sample, side: int) -> Batch:
    return training_view(sample.image, side), torch.tensor(sample.labels)


def held_out_view(sample: Sample, side: int) -> Batch:
    return validation_view(sample.image, side), torch.tensor(sample.labels)


class Toy(PretrainingModule):
    """A method for tests."""

    unit = "study"
    needs = ("labels",)
    monitor = Monitor("val/loss", "min")
    settings: ToySettings

    def __init__(self, settings: ToySettings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        self.classify = nn.Sequential(nn.Dropout(0.5), nn.Linear(512, len(corpus.label_names)))

    def training_transform(self) -> Transform:
        return partial(train_view, side=self.settings.image_side)

    def validation_transform(self) -> Transform:
        return partial(held_out_view, side=self.settings.image_side)

    def features(self, images: Tensor) -> Tensor:
        inputs = network_input(images, self.corpus.pixel_mean, self.corpus.pixel_std)
        return self.backbone.feature_maps(inputs)[-1].mean(dim=(2, 3))

    def loss(self, batch: Batch) -> Tensor:
        return binary_cross_entropy_with_logits(self.classify(self.features(batch[0])), batch[1])

    def training_step(self, batch: Batch, _: int) -> Tensor:
        loss = self.loss(batch)
        if self.global_step == self.settings.explode_at:
            loss = loss * float("nan")
        self.log("train/loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        self.log("val/loss", self.loss(batch), batch_size=len(batch[0]))

    def online_features(self, batch: Any) -> dict[str, tuple[Tensor, Tensor]]:
        return {"image": (self.features(batch[0]), batch[1])}


if __name__ == "__main__":
    # Without the ONNX graph, which takes longer than the training; tests of methods write it.
    export.write_backbone = partial(write_backbone, onnx=False)
    run(Toy, ToySettings)
