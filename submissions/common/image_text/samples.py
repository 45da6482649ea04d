"""What an image-text method sees of a study: view, sentences, batches (pretraining.md sections 1.6 and 1.7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lovt_bench.submissions.common.augment.crop import crop_view
from lovt_bench.submissions.common.augment.pad_resize import validation_view
from lovt_bench.submissions.common.augment.padded_crop import padded_crop_view
from lovt_bench.submissions.common.augment.report_pair import training_view
from lovt_bench.submissions.common.errors import PretrainingError
from lovt_bench.submissions.common.sampling import Sample
from lovt_bench.submissions.common.text.sentences import SentenceChoice, training_sentences
from lovt_bench.submissions.common.text.tokeniser import ReportTokeniser, ReportTokens

Views = Literal["published", "crop", "padded_crop"]
"""How a training view is drawn."""
_DRAWS: dict[Views, Callable[[np.ndarray, int], Tensor]] = {
    "published": training_view,
    "crop": crop_view,
    "padded_crop": padded_crop_view,
}


class Pair(NamedTuple):
    """An image and its report, augmented."""

    image: Tensor
    """(1, S, S) uint8."""
    sentences: list[str]
    labels: Tensor
    """(L,) float32."""


class PairBatch(NamedTuple):
    """What a step gets."""

    images: Tensor
    """(B, 1, S, S) uint8."""
    reports: ReportTokens
    labels: Tensor
    """(B, L) float32, for monitoring only."""


@dataclass(frozen=True)
class TrainingPair:
    """Random view and random sentences of a sample."""

    side: int
    sentences: SentenceChoice
    swap_probability: float
    views: Views = "published"

    def __call__(self, sample: Sample) -> Pair:
        view = _DRAWS[self.views](sample.image, self.side)
        chosen = training_sentences(_report(sample), self.sentences, self.swap_probability)
        return Pair(view, chosen, torch.from_numpy(sample.labels))


@dataclass(frozen=True)
class ValidationPair:
    """Padded image and all sentences in order."""

    side: int

    def __call__(self, sample: Sample) -> Pair:
        view = validation_view(sample.image, self.side)
        return Pair(view, list(_report(sample)), torch.from_numpy(sample.labels))


@dataclass(frozen=True)
class PairCollate:
    """Stacks images and tokenises reports, in the loader's process."""

    tokeniser: ReportTokeniser

    def __call__(self, pairs: list[Pair]) -> PairBatch:
        return PairBatch(
            torch.stack([pair.image for pair in pairs]),
            self.tokeniser([pair.sentences for pair in pairs]),
            torch.stack([pair.labels for pair in pairs]),
        )


def _report(sample: Sample) -> tuple[str, ...]:
    if not sample.sentences:
        raise PretrainingError(
            "a study of this corpus has no sentences, but the method learns from reports; prepare the corpus again: "
            "studies without findings and impression are left out there"
        )
    return sample.sentences
