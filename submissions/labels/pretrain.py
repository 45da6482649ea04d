"""Supervised classification on any corpus with a label table."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.submissions.common.classifier import Classifier
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.errors import PretrainingError, SettingsError
from lovt_bench.submissions.common.settings import Schedule, TrainingSettings

HEAVIEST = 20.0
"""Limit of a positive's weight, so that a label seen once does not rule the loss."""


class Settings(TrainingSettings):
    """Hyperparameters."""

    batch_size: int = 64
    learning_rate: float = 3e-4
    schedule: Schedule = "plateau"
    plateau_patience: int = 3
    patience: int | None = 10
    labels: list[str] = []
    """Names of the labels that are learnt; empty: all that training studies have both values of."""
    positive_weight: Literal["balanced", "none"] = "balanced"
    """`balanced`: a positive counts negatives / positives of its label, at most 20; `none`: as a negative does."""


class Labels(Classifier):
    """Multi-label classification: ResNet, average pooling, one linear layer, weighted binary cross-entropy."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        chosen, notes = chosen_labels(corpus, settings.labels)
        super().__init__(settings, corpus, seed, chosen)
        self.notes += notes
        self.register_buffer("weight", torch.from_numpy(positive_weights(training_labels(corpus)[:, chosen])))
        self.weight: Tensor

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean over batch and labels."""
        weight = self.weight if self.settings.positive_weight == "balanced" else None
        return functional.binary_cross_entropy_with_logits(logits, labels, pos_weight=weight)


def training_labels(corpus: Corpus) -> np.ndarray:
    """Return (images, labels) float32 of the training images in use."""
    return np.stack([corpus.labels(corpus.study_of(int(image))) for image in corpus.images("train")])


def positive_weights(labels: np.ndarray) -> np.ndarray:
    """Return (L,) float32, negatives over positives of each label of (N, L), at most `HEAVIEST`."""
    positives = labels.sum(axis=0)
    return np.minimum((len(labels) - positives) / positives, HEAVIEST).astype(np.float32)


def chosen_labels(corpus: Corpus, wanted: list[str]) -> tuple[tuple[int, ...], list[str]]:
    """Return the columns that are learnt, and sentences about those that are not.

    Raises:
        SettingsError: A wanted label is not in the table, or stands there twice.
        PretrainingError: A value is neither 0 nor 1, or no label has both values among the training images.
    """
    names = list(corpus.label_names)
    for name in wanted:
        if name not in names or wanted.count(name) > 1:
            what = "is named twice" if name in names else f"is not in the table{meant(name, names)}"
            raise SettingsError(f"labels: {name!r} {what}; there: {', '.join(names)}")
    values = training_labels(corpus)
    columns = [names.index(name) for name in wanted] if wanted else list(range(len(names)))
    for column in columns:
        if odd := int((~np.isin(values[:, column], (0, 1))).sum()):
            raise PretrainingError(
                f"label {names[column]} is neither 0 nor 1 for {odd} of {len(values)} training images; `lovt-bench "
                "corpus prepare` writes blanks as 0 and uncertain as 1, or leave it out: --set 'labels=[…]'"
            )
    both = [column for column in columns if 0 < values[:, column].mean() < 1]
    lone = [names[column] for column in columns if column not in both]
    if not both or (wanted and lone):
        raise PretrainingError(
            f"{', '.join(lone)}: one value in all {len(values)} training images, so there is nothing to tell apart; "
            "take labels with positives and negatives, or more images"
        )
    return tuple(both), [f"not learnt, one value in training: {', '.join(lone)}"] if lone else []


if __name__ == "__main__":
    run(Labels, Settings)
