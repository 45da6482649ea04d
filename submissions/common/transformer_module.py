"""What MAE and DINO share: images alone, a network from scratch, a rate for every step, decay of matrices only."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from lovt_bench.submissions.common.augment.normalise import network_input
from lovt_bench.submissions.common.module import PretrainingModule
from lovt_bench.submissions.common.sampling import Unit
from lovt_bench.submissions.common.settings import Optimiser, Schedule, TrainingSettings


class TransformerSettings(TrainingSettings):
    """Defaults of a ViT-B/16 from scratch."""

    architecture: str = "timm.vit_base_patch16_224"
    initial_weights: str = "random"
    optimiser: Optimiser = "adamw"
    second_beta: float = Field(default=0.999, ge=0, lt=1)
    """AdamW's decay of the squared gradients."""
    schedule: Schedule = "warmup_cosine"


class TransformerModule(PretrainingModule):
    """Base of methods without validation whose views are 8-bit crops of the stored image."""

    unit: ClassVar[Unit] = "image"
    settings: TransformerSettings

    def network_input(self, views: Tensor) -> Tensor:
        """Return (B, 3, S, S) of views (B, 1, S, S), normalised by the training split's statistics."""
        return network_input(views, self.corpus.pixel_mean, self.corpus.pixel_std)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser over two groups: matrices, which decay, and biases and other vectors, which do not."""
        kinds: dict[str, Any] = {
            "adam": partial(torch.optim.Adam, betas=(0.9, self.settings.second_beta)),
            "adamw": partial(torch.optim.AdamW, betas=(0.9, self.settings.second_beta)),
            "sgd": partial(torch.optim.SGD, momentum=0.9),
        }
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        groups = [
            {
                "params": [each for each in trained if each.ndim > 1],
                "weight_decay": self.settings.weight_decay,
            },
            {"params": [each for each in trained if each.ndim <= 1], "weight_decay": 0.0},
        ]
        optimiser: torch.optim.Optimizer = kinds[self.settings.optimiser](
            groups, lr=self.settings.learning_rate
        )
        return optimiser
