"""DenseCL: MoCo v2 on whole images, and the same contrast between places of the last feature map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.lightly_parts import modules
from lovt_bench.submissions.common.momentum import MomentumModule, MomentumSettings
from lovt_bench.submissions.common.moving_average import target_copy
from lovt_bench.submissions.common.sampling import Transform
from lovt_bench.submissions.common.settings import Optimiser, Schedule
from lovt_bench.submissions.densecl.objective import Encoded, densecl_loss
from lovt_bench.submissions.densecl.queue import KeyQueue
from lovt_bench.submissions.densecl.shuffle import in_mixed_batches
from lovt_bench.submissions.densecl.views import DenseViews


class Settings(MomentumSettings):
    """Defaults are the ImageNet configuration of the authors' code; README.md names the source of each."""

    initial_weights: str = "random"
    batch_size: int = Field(default=256, ge=2)
    optimiser: Optimiser = "sgd"
    learning_rate: PositiveFloat = 0.03
    weight_decay: NonNegativeFloat = 1e-4
    schedule: Schedule = "cosine"
    warmup_epochs: int = Field(default=0, ge=0)
    max_epochs: PositiveInt = 200
    ema_decay: float = Field(default=0.999, ge=0, le=1)
    ema_update: Literal["before_backward", "after_step"] = "after_step"
    normalisation: Literal["half", "corpus"] = "corpus"
    hidden: PositiveInt = 2048
    projection: PositiveInt = 128
    temperature: PositiveFloat = 0.2
    queue: PositiveInt = 65536
    """Keys of each of the two queues."""
    dense_weight: float = Field(default=0.5, ge=0, le=1)
    """Share of the dense loss; the rest is the global one."""
    least_area: float = Field(default=0.2, gt=0, le=1)
    """Least share of the image's area that a view shows."""


class DenseCL(MomentumModule):
    """DenseCL: tell an image's other view, and each place's counterpart in it, from a queue of earlier ones."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        self.seed = seed
        channels = self.backbone.levels[-1].channels
        sizes = channels, settings.hidden, settings.projection
        self.projector = modules.DenseCLProjectionHead(*sizes)
        for layer in self.projector.modules():
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
                nn.init.zeros_(layer.bias)
        # Linear over the channels of each place: the 1 x 1 convolutions of the authors' dense head.
        self.dense_projector = modules.DenseCLProjectionHead(*sizes)
        self.target_backbone = target_copy(self.backbone)
        self.target_projector = target_copy(self.projector)
        self.target_dense_projector = target_copy(self.dense_projector)
        self.whole_queue = KeyQueue(settings.queue, settings.projection)
        self.dense_queue = KeyQueue(settings.queue, settings.projection)

    def training_transform(self) -> Transform:
        settings = self.settings
        return DenseViews(settings.source_side, settings.image_side, settings.least_area)

    def query(self, images: Tensor) -> Encoded:
        features = places_of(self.backbone.feature_maps(images)[-1])
        return Encoded(features, self.projector(features.mean(1)), self.dense_projector(features))

    def key(self, images: Tensor) -> Encoded:
        features = places_of(self.target_backbone.feature_maps(images)[-1])
        return Encoded(
            features, self.target_projector(features.mean(1)), self.target_dense_projector(features)
        )

    def loss(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        first, second = (self.network_input(views) for views in batch)
        queries = self.query(first)
        keys = Encoded(*in_mixed_batches(self.key, second, self.seed, self.trainer.global_step))
        loss, new = densecl_loss(
            queries,
            keys,
            self.whole_queue.keys.clone(),
            self.dense_queue.keys.clone(),
            temperature=self.settings.temperature,
            dense_weight=self.settings.dense_weight,
        )
        self.whole_queue.add(new.whole)
        self.dense_queue.add(new.dense)
        return loss

    def averages(self) -> Iterable[tuple[nn.Module, nn.Module]]:
        return [
            (self.target_backbone, self.backbone),
            (self.target_projector, self.projector),
            (self.target_dense_projector, self.dense_projector),
        ]


def places_of(maps: Tensor) -> Tensor:
    """Return (B, N, C), the N = h · w places of maps (B, C, h, w), row by row."""
    return maps.flatten(2).mT


if __name__ == "__main__":
    run(DenseCL, Settings)
