"""DINO (Caron et al., ICCV 2021): a student tells of any crop what a slow teacher tells of the whole image."""

from __future__ import annotations

import copy
import warnings
from typing import Annotated, Any, Literal

import torch
from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)
from timm.layers import DropPath
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.architectures.timm_tokens import TimmTokens
from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.backbone.network import SIDE
from lovt_bench.benchmark.backbone.tokens.model import TokenBackbone
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.lightly_parts import loss, modules
from lovt_bench.submissions.common.moving_average import update_average
from lovt_bench.submissions.common.sampling import Transform
from lovt_bench.submissions.common.step_schedules import cosine_between, steps_before
from lovt_bench.submissions.common.transformer_module import TransformerModule, TransformerSettings
from lovt_bench.submissions.common.vision_transformer import encode, plain_transformer
from lovt_bench.submissions.dino.views import MultiCrop


def _share(area: tuple[float, float]) -> tuple[float, float]:
    if not 0 < area[0] <= area[1] <= 1:
        raise ValueError(
            "expected the least and the greatest share of an image's area, above 0 and at most 1"
        )
    return area


Area = Annotated[tuple[float, float], AfterValidator(_share)]


class Settings(TransformerSettings):
    """Defaults are those of the released ViT-B/16; README.md says where each comes from."""

    architecture_options: dict[str, JsonValue] | None = {"positions": "bicubic-offset"}
    batch_size: int = 64
    accumulate: PositiveInt = 16
    learning_rate: float = 3e-3
    final_rate: NonNegativeFloat = 2e-6
    weight_decay: float = 0.04
    final_weight_decay: NonNegativeFloat = 0.4
    rate_every: Literal["epoch", "step"] = "step"
    warmup_epochs: int = 10
    max_epochs: PositiveInt = 400
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = "32-true"
    clip: PositiveFloat = 0.3
    """Greatest norm of the gradient of each parameter."""
    drop_path: float = Field(default=0.1, ge=0, lt=1)
    """Stochastic depth of the student's last block, rising from 0 in the first; transformers only."""
    outputs: PositiveInt = 65536
    hidden: PositiveInt = 2048
    bottleneck: PositiveInt = 256
    frozen_epochs: NonNegativeInt = 3
    """Epochs in which the head's last layer is not trained."""
    student_temperature: PositiveFloat = 0.1
    teacher_temperature: PositiveFloat = 0.07
    warmup_teacher_temperature: PositiveFloat = 0.04
    """Teacher's temperature in the first epoch, from which it rises in equal steps."""
    warmup_teacher_epochs: NonNegativeInt = 50
    centre_momentum: float = Field(default=0.9, ge=0, le=1)
    ema_decay: float = Field(default=0.996, ge=0, le=1)
    """Share of the old teacher that the first update keeps; it rises to 1 along a cosine."""
    local_crops: NonNegativeInt = 10
    local_side: int = Field(default=96, ge=32, le=1024, multiple_of=32)
    global_area: Area = (0.25, 1.0)
    local_area: Area = (0.05, 0.25)


class DINO(TransformerModule):
    """DINO: tell of every crop of an image what a slow copy of the network tells of its large crops."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        if isinstance(self.backbone, TokenBackbone):
            plain_transformer(self.backbone)
        # The teacher is what the paper evaluates, so it is what is exported.
        self.student = copy.deepcopy(self.backbone)
        self.backbone.requires_grad_(False)
        drop_paths(self.student, settings.drop_path)
        self.student_head, self.head = self.new_head(), self.new_head()
        self.head.load_state_dict(self.student_head.state_dict())
        self.head.requires_grad_(False)
        self.criterion = loss.DINOLoss(
            output_dim=settings.outputs,
            warmup_teacher_temp=settings.warmup_teacher_temperature,
            teacher_temp=settings.teacher_temperature,
            warmup_teacher_temp_epochs=settings.warmup_teacher_epochs,
            student_temp=settings.student_temperature,
            center_momentum=settings.centre_momentum,
        )

    def new_head(self) -> Any:
        """Return lightly's head: three layers, a normalised bottleneck, and a last layer with rows of length 1."""
        settings = self.settings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch has a newer weight norm than lightly uses
            return modules.DINOProjectionHead(
                self.backbone.levels[-1].channels,
                settings.hidden,
                settings.bottleneck,
                settings.outputs,
                freeze_last_layer=settings.frozen_epochs,
            )

    def training_transform(self) -> Transform:
        settings = self.settings
        return MultiCrop(
            settings.image_side,
            settings.local_side,
            settings.local_crops,
            settings.global_area,
            settings.local_area,
        )

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        views = [self.network_input(view) for view in batch]
        # Crops of one size go through the network together, so BatchNorm sees all of them.
        sizes = [torch.cat(views[:2]), *([torch.cat(views[2:])] if views[2:] else [])]
        with torch.no_grad():
            taught = self.head(features(self.backbone, sizes[0]))
        told = self.student_head(torch.cat([features(self.student, size) for size in sizes]))
        with torch.autocast(told.device.type, enabled=False):
            wide = torch.promote_types(told.dtype, torch.float32)
            value: Tensor = self.criterion(
                list(taught.to(wide).chunk(2)),
                list(told.to(wide).chunk(len(views))),
                epoch=self.current_epoch,
            )
        self.log("train/loss", value)
        return value

    def done(self, batch: int) -> float:
        """Return the share of the run's optimiser steps that is done before batch `batch` of this epoch."""
        batches = int(self.trainer.num_training_batches)
        before, run = (
            steps_before(epoch, at, batches, self.settings.accumulate)
            for epoch, at in ((self.current_epoch, batch), (self.settings.max_epochs, 0))
        )
        return before / max(1, run)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        settings = self.settings
        decay = cosine_between(settings.weight_decay, settings.final_weight_decay, self.done(batch_idx))
        self.trainer.optimizers[0].param_groups[0]["weight_decay"] = decay

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                nn.utils.clip_grad_norm_(parameter, self.settings.clip)
        self.student_head.cancel_last_layer_gradients(self.current_epoch)

    def optimizer_step(self, epoch: int, batch_idx: int, *arguments: Any, **keywords: Any) -> None:
        decay = cosine_between(self.settings.ema_decay, 1.0, self.done(batch_idx))
        super().optimizer_step(epoch, batch_idx, *arguments, **keywords)
        update_average(self.backbone, self.student, decay)
        update_average(self.head, self.student_head, decay)


def features(backbone: Backbone, images: Tensor) -> Tensor:
    """Return (N, C) of (N, 3, S, S): CLS of a transformer, of another network its last map averaged over places."""
    if isinstance(backbone, TimmTokens):
        return encode(backbone, backbone.fitted(images))[:, 0]
    return backbone.feature_maps(images)[-1].mean((2, 3))


def drop_paths(backbone: Backbone, rate: float) -> None:
    """Give a transformer stochastic depth: 0 in its first block, `rate` in its last, in equal steps between."""
    if not isinstance(backbone, TimmTokens):
        return
    blocks = backbone.network_for(SIDE).blocks
    for block, own in zip(blocks, torch.linspace(0, rate, len(blocks)).tolist(), strict=True):
        if own:
            block.drop_path1, block.drop_path2 = DropPath(own), DropPath(own)


if __name__ == "__main__":
    run(DINO, Settings)
