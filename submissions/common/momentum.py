"""Base of methods whose target network is a moving average of the online one (BYOL, PixelPro, PixPro, DenseCL)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field
from torch import Tensor, nn

from lovt_bench.submissions.common.image_only import ImageOnlyModule, ImageOnlySettings
from lovt_bench.submissions.common.moving_average import update_average


class MomentumSettings(ImageOnlySettings):
    """Settings of the moving average."""

    ema_decay: float = Field(default=0.99, ge=0, le=1)
    """Share of the old target that each update keeps."""
    ema_update: Literal["before_backward", "after_step"] = "before_backward"
    """`before_backward`: between forward and backward pass, so one step late, as published; `after_step`: usual."""


class MomentumModule(ImageOnlyModule):
    """A method gives `loss` and `averages`; this moves the targets once per optimiser step."""

    settings: MomentumSettings

    def loss(self, batch: Any) -> Tensor:
        """Return the scalar loss of a batch."""
        raise NotImplementedError

    def averages(self) -> Iterable[tuple[nn.Module, nn.Module]]:
        """Return (target, online) of every part that follows."""
        raise NotImplementedError

    def decay(self) -> float:
        """Return the decay of the update that comes next."""
        return self.settings.ema_decay

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        loss = self.loss(batch)
        self.log("train/loss", loss)
        first_of_step = batch_idx % self.settings.accumulate == 0
        if self.settings.ema_update == "before_backward" and first_of_step:
            self.move_targets()
        return loss

    def optimizer_step(self, *arguments: Any, **keywords: Any) -> None:
        super().optimizer_step(*arguments, **keywords)
        if self.settings.ema_update == "after_step":
            self.move_targets()

    def move_targets(self) -> None:
        """Update all targets."""
        decay = self.decay()
        for target, online in self.averages():
            update_average(target, online, decay)
