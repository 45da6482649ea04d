"""LoVT: local and global alignment of images with their reports (pretraining.md 1)."""

from __future__ import annotations

import torch
from torch import Tensor

from submissions.common.corpus import Corpus
from submissions.common.cross_attention import CrossAttention
from submissions.common.entry import run
from submissions.common.image_text.module import ImageFeatures, ImageTextModule, Losses, ReportFeatures
from submissions.common.losses.local_alignment import local_alignment, region_positives, sentence_positives
from submissions.common.projection import ProjectionHead
from submissions.lovt.settings import Settings


class LoVT(ImageTextModule):
    """Align images with reports as wholes, and regions with sentences, by contrast."""

    settings: Settings
    positives: Tensor
    """(R, R): how much region j is a positive of region i."""

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        image, report, head = self.image_channels, self.text.dimension, settings.head
        if settings.uses_global_loss:
            self.image_global_head = ProjectionHead(image, **head)
            self.report_global_head = ProjectionHead(report, **head)
        if settings.uses_local_loss:
            self.image_local_head = ProjectionHead(image, **head)
            self.report_local_head = ProjectionHead(report, **head)
            self.cross_attention = CrossAttention(
                settings.projection_dim, padded_in_norm=settings.padded_in_norm
            )
        side = settings.image_side // self.backbone.levels[-1].stride
        near = region_positives(side, side, settings.region_threshold, settings.region_smoothing)
        self.register_buffer("positives", near, persistent=False)

    def losses(self, image: ImageFeatures, report: ReportFeatures) -> Losses:
        totals: list[Tensor] = []
        parts: dict[str, Tensor] = {}
        if self.settings.uses_global_loss:
            total, found = self.global_losses(
                self.image_global_head(image.pooled), self.report_global_head(report.pooled)
            )
            totals.append(total)
            parts |= found
        if self.settings.uses_local_loss:
            total, found = self.local_losses(image, report)
            totals.append(total)
            parts |= found
        return Losses(torch.stack(totals).sum(), parts)

    def local_losses(self, image: ImageFeatures, report: ReportFeatures) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the weighted local loss, and its parts by name (a = image, b = report).

        Each region is compared with what the sentences say of it, each sentence with what the regions show of it.
        """
        settings = self.settings
        weighted = settings.region_weights == "attention"
        regions = self.image_local_head(image.regions)
        sentences = self.report_local_head(report.sentences, report.mask)
        attended = self.cross_attention(regions, sentences, report.mask)

        total = regions.new_zeros((), dtype=torch.float32)
        parts: dict[str, Tensor] = {}
        if settings.local_image_weight > 0:
            loss = local_alignment(
                regions,
                attended.regions,
                self.positives,
                weights=image.weights if weighted else None,
                temperature=settings.local_temperature,
            )
            parts |= {"local_a_l2att_loss": loss.to_attended, "local_a_att2l_loss": loss.from_attended}
            total = total + settings.local_image_weight * (loss.to_attended + loss.from_attended)
        if settings.local_report_weight > 0:
            loss = local_alignment(
                sentences,
                attended.sentences,
                sentence_positives(sentences.shape[1]),
                weights=report.weights if weighted else None,
                mask=report.mask,
                temperature=settings.local_temperature,
            )
            parts |= {"local_b_l2att_loss": loss.to_attended, "local_b_att2l_loss": loss.from_attended}
            total = total + settings.local_report_weight * (loss.to_attended + loss.from_attended)
        return total, parts


if __name__ == "__main__":
    run(LoVT, Settings)
