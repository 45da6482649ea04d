"""GLoRIA: images and reports by contrast as wholes, and regions and words through attention (Huang et al., 2021).

Encoders, regions and words: `submissions/common/image_text/region_words.py`. The local loss: `local_contrast.py`.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.distributed import gather_padded, gather_with_gradient, rank, world_size
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.image_text.features import Losses
from lovt_bench.submissions.common.image_text.global_losses import global_losses
from lovt_bench.submissions.common.image_text.region_words import (
    RegionWordModule,
    RegionWordSettings,
    ReportWords,
)
from lovt_bench.submissions.common.image_text.samples import PairBatch
from lovt_bench.submissions.common.settings import Schedule
from lovt_bench.submissions.common.text.sentences import SentenceChoice
from lovt_bench.submissions.common.text.tokeniser import ReportTokens
from lovt_bench.submissions.common.text.words import word_numbers, word_sums
from lovt_bench.submissions.gloria.local_contrast import LocalContrast, Sharpness, local_contrast


class Settings(RegionWordSettings):
    """Defaults are those of the origin's configuration with a ResNet-50 (README.md has the source of each)."""

    batch_size: int = Field(default=48, ge=2)
    optimiser: Literal["adam", "adamw"] = "adam"
    adam_beta1: float = Field(default=0.5, ge=0, lt=1)
    """First beta of Adam; the second is 0.999."""
    learning_rate: PositiveFloat = 5e-5
    weight_decay: NonNegativeFloat = 1e-6
    gradient_clip: PositiveFloat | None = 0.25
    """Largest norm of the gradient of all parameters together; null: any."""
    schedule: Schedule = "plateau"
    plateau_patience: NonNegativeInt = 5
    patience: PositiveInt | None = 10

    sentences: SentenceChoice = "one"
    max_tokens: int = Field(default=97, ge=8, le=512)
    text_layers: PositiveInt = 4
    """Last layers of the text model whose features are added up."""
    local_weight: PositiveFloat = 1
    """Weight of each of the two local losses."""
    attention_sharpness: PositiveFloat = 4
    """temp1: of regions, for a word."""
    word_sharpness: PositiveFloat = 5
    """temp2: of words, in what a text says of an image."""
    pair_sharpness: PositiveFloat = 10
    """temp3: of pairs, in the local contrast; 1 / `global_temperature` in the global one."""


class GLoRIA(RegionWordModule):
    """Align images with one sentence of their reports as wholes, and regions with its words, by contrast."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        layers = self.text.bert.config.num_hidden_layers
        if settings.text_layers > layers:
            raise SettingsError(
                f"text_layers={settings.text_layers}, but the text model has {layers} layers; "
                f"--set text_layers=1 … {layers}"
            )
        before, deepest = self.backbone.levels[-2:]
        # Images are brought into the space of the text model, which has no heads.
        self.image_head = nn.Linear(deepest.channels, self.text.dimension)
        self.region_head = nn.Linear(before.channels, self.text.dimension, bias=False)

    def encode_reports(self, reports: ReportTokens) -> ReportWords:
        states = self.text.hidden_states(reports)[-self.settings.text_layers :]
        tokens = torch.stack(states).sum(dim=0)
        words, mask = word_sums(tokens, word_numbers(reports, self.continues, keep="first"))
        present = reports.attention_mask[..., None]
        return ReportWords(words, (tokens * present).sum(dim=1) / present.sum(dim=1), mask)

    def batch_losses(self, batch: PairBatch) -> Losses:
        image, report = self.encode_images(batch.images), self.encode_reports(batch.reports)
        whole = global_losses(self.image_head(image.pooled), report.pooled, self.settings)
        local = self._local(self.region_head(image.regions), report)
        total = whole.total + self.settings.local_weight * (local.image_to_report + local.report_to_image)
        parts = {"local_a2b_loss": local.image_to_report, "local_b2a_loss": local.report_to_image}
        return Losses(total, whole.parts | parts)

    def _local(self, regions: Tensor, report: ReportWords) -> LocalContrast:
        settings = self.settings
        sharpness = Sharpness(settings.attention_sharpness, settings.word_sharpness, settings.pair_sharpness)
        if not settings.gather_negatives or world_size() == 1:
            return local_contrast(regions, report.words, report.mask, sharpness)
        return local_contrast(
            regions,
            report.words,
            report.mask,
            sharpness,
            all_regions=gather_with_gradient(regions),
            all_words=gather_padded(report.words, report.mask),
            first=rank() * len(regions),
        )

    def configure_optimizers(self) -> torch.optim.Optimizer:
        optimiser = super().configure_optimizers()
        for group in optimiser.param_groups:
            group["betas"] = (self.settings.adam_beta1, 0.999)
        return optimiser

    def configure_gradient_clipping(self, optimizer: Any, *_: Any, **__: Any) -> None:
        if self.settings.gradient_clip is not None:
            self.clip_gradients(optimizer, self.settings.gradient_clip, "norm")


if __name__ == "__main__":
    run(GLoRIA, Settings)
