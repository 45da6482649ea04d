"""MGCA: images and reports aligned as wholes, token by token, and by prototypes (Wang et al., 2022).

Encoders, regions and words: `submissions/common/image_text/region_words.py`. Losses: `token_alignment.py` (CTA) and
`prototypes.py` (CPA); the global one (ITA) is that of all methods with reports.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.image_text.features import Losses
from lovt_bench.submissions.common.image_text.global_losses import global_losses
from lovt_bench.submissions.common.image_text.region_words import (
    ImageRegions,
    RegionWordModule,
    RegionWordSettings,
    ReportWords,
)
from lovt_bench.submissions.common.image_text.samples import PairBatch
from lovt_bench.submissions.common.mlp import mlp
from lovt_bench.submissions.common.settings import Schedule
from lovt_bench.submissions.common.text.sentences import SentenceChoice
from lovt_bench.submissions.common.text.tokeniser import ReportTokens
from lovt_bench.submissions.common.text.words import word_numbers, word_sums
from lovt_bench.submissions.mgca.prototypes import Prototypes
from lovt_bench.submissions.mgca.token_alignment import token_alignment, word_weights


class Settings(RegionWordSettings):
    """Defaults are those of the origin's command with a ResNet-50 (README.md has the source of each)."""

    batch_size: int = Field(default=72, ge=2)
    accumulate: PositiveInt = 2
    """The origin's two GPUs: a step of 144, negatives and codes within 72."""
    optimiser: Literal["adam", "adamw"] = "adamw"
    learning_rate: PositiveFloat = 2e-5
    weight_decay: NonNegativeFloat = 0.05
    schedule: Schedule = "warmup_cosine"
    warmup_epochs: NonNegativeInt = 20
    """Two fifths of the run."""
    rate_every: Literal["epoch", "step"] = "step"
    final_rate: NonNegativeFloat = 1e-8
    patience: PositiveInt | None = 5
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = "32-true"

    sentences: SentenceChoice = "all"
    max_tokens: int = Field(default=112, ge=8, le=512)
    embedding_hidden: PositiveInt = 2048
    embedding_dim: PositiveInt = 128
    global_temperature: PositiveFloat = 0.07
    local_weight: NonNegativeFloat = 1
    """Weight of token-wise alignment, of words and of regions."""
    local_temperature: PositiveFloat = 0.1
    prototype_weight: NonNegativeFloat = 1
    """Weight of prototype alignment."""
    prototypes: PositiveInt = 500
    prototype_temperature: PositiveFloat = 0.2
    frozen_prototype_epochs: NonNegativeInt = 1
    """First epochs in which the prototypes do not learn."""
    sinkhorn_epsilon: PositiveFloat = 0.05
    sinkhorn_iterations: PositiveInt = 3


class Embedding(nn.Module):
    """Linear, BN, ReLU, linear and BN without scale and shift; over valid positions only."""

    def __init__(self, inputs: int, settings: Settings) -> None:
        super().__init__()
        outputs = settings.embedding_dim
        self.layers = nn.Sequential(
            mlp(inputs, settings.embedding_hidden, outputs), nn.BatchNorm1d(outputs, affine=False)
        )

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return (…, d) of features (…, d_in); zeros where the mask (…) is False."""
        if mask is None:
            mask = torch.ones(features.shape[:-1], dtype=torch.bool, device=features.device)
        valid = self.layers(features[mask])
        result = valid.new_zeros(*features.shape[:-1], valid.shape[-1])
        return result.masked_scatter(mask[..., None], valid)


class MGCA(RegionWordModule):
    """Align images and reports at three levels: whole pairs, regions and words, prototypes."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        before, deepest = self.backbone.levels[-2:]
        self.image_head = Embedding(deepest.channels, settings)
        self.report_head = Embedding(self.text.dimension, settings)
        self.region_head = Embedding(before.channels, settings)
        self.word_head = Embedding(self.text.dimension, settings)
        self.prototypes = Prototypes(settings.embedding_dim, settings.prototypes)

    def encode_reports(self, reports: ReportTokens) -> ReportWords:
        *_, before, last = self.text.hidden_states(reports)
        numbers = word_numbers(reports, self.continues, keep="last")
        words, mask = word_sums(last, numbers)
        with torch.no_grad():
            looks = self.text.first_token_attention(before, reports.attention_mask)
            attention, _ = word_sums(looks[..., None], numbers)
        return ReportWords(words, last[:, 0], mask, attention.squeeze(2))

    def batch_losses(self, batch: PairBatch) -> Losses:
        settings = self.settings
        image, report = self.encode_images(batch.images), self.encode_reports(batch.reports)
        images, reports = self.image_head(image.pooled), self.report_head(report.pooled)
        whole = global_losses(images, reports, settings)
        of_words, of_regions = self._token_losses(image, report)
        prototypes = self.prototypes(
            images,
            reports,
            temperature=settings.prototype_temperature,
            epsilon=settings.sinkhorn_epsilon,
            iterations=settings.sinkhorn_iterations,
            gather=settings.gather_negatives,
        )
        total = (
            whole.total
            + settings.local_weight * (of_words + of_regions)
            + settings.prototype_weight * prototypes
        )
        parts = {"word_loss": of_words, "region_loss": of_regions, "prototype_loss": prototypes}
        return Losses(total, whole.parts | parts)

    def _token_losses(self, image: ImageRegions, report: ReportWords) -> tuple[Tensor, Tensor]:
        """Return the losses of words among what regions show of them, and of regions among what words say."""
        assert report.attention is not None
        temperature = self.settings.local_temperature
        regions, words = self.region_head(image.regions), self.word_head(report.words, report.mask)
        of_words = token_alignment(
            words,
            regions,
            word_weights(report.attention, report.mask),
            mask=report.mask,
            temperature=temperature,
        )
        alike = regions.new_full(regions.shape[:2], 1 / regions.shape[1])
        of_regions = token_alignment(regions, words, alike, context_mask=report.mask, temperature=temperature)
        return of_words, of_regions

    def on_after_backward(self) -> None:
        if self.current_epoch < self.settings.frozen_prototype_epochs:
            self.prototypes.vectors.weight.grad = None


if __name__ == "__main__":
    run(MGCA, Settings)
