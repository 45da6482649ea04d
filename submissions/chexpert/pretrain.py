"""Supervised pre-training on the five CheXpert labels, as published beside LoVT (pretraining.md section 3)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from lovt_bench.submissions.common.classifier import Classifier
from lovt_bench.submissions.common.corpus import Normalisation
from lovt_bench.submissions.common.entry import run
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
    normalisation: Normalisation = "half"
    """`half` as published."""


class CheXpert(Classifier):
    """Supervised classification: ResNet, average pooling, one linear layer, binary cross-entropy."""

    settings: Settings

    def pixel_statistics(self) -> tuple[float, float]:
        return self.corpus.normalised_by(self.settings.normalisation)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(logits, labels)


if __name__ == "__main__":
    run(CheXpert, Settings)
