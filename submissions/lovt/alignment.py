"""LoVT's objective: what is compared with what, from the encoders' features to the total loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lovt_bench.submissions.common.cross_attention import CrossAttention
from lovt_bench.submissions.common.image_text.features import ImageFeatures, Losses, ReportFeatures
from lovt_bench.submissions.common.image_text.global_losses import global_losses
from lovt_bench.submissions.common.image_text.parts import Heads
from lovt_bench.submissions.common.losses.local_alignment import (
    local_alignment,
    region_positives,
    sentence_positives,
)
from lovt_bench.submissions.common.projection import ProjectionHead
from lovt_bench.submissions.lovt.settings import Settings


class Alignment(nn.Module):
    """Projection heads, cross-modal attention and losses; parts without a loss are not built."""

    positives: Tensor
    """(R, R): how much region j is a positive of region i."""

    def __init__(self, image: int, report: int, grid: tuple[int, int], settings: Settings) -> None:
        """Take the channels of both encoders and the rows and columns of the image's regions."""
        super().__init__()
        self.settings = settings
        head = settings.head
        if settings.uses_global_loss:
            self.image_global_head = ProjectionHead(image, **head)
            self.report_global_head = ProjectionHead(report, **head)
        if settings.uses_local_loss:
            self.image_local_head = ProjectionHead(image, **head)
            self.report_local_head = ProjectionHead(report, **head)
            self.cross_attention = CrossAttention(
                settings.projection_dim, padded_in_norm=settings.padded_in_norm
            )
        near = region_positives(*grid, settings.region_threshold, settings.region_smoothing)
        self.register_buffer("positives", near, persistent=False)

    def forward(self, image: ImageFeatures, report: ReportFeatures) -> Losses:
        """Return the losses of a batch of pairs."""
        levels = []
        if self.settings.uses_global_loss:
            levels.append(self._wholes(image, report))
        if self.settings.uses_local_loss:
            levels.append(self._parts(image, report))
        parts = {name: value for level in levels for name, value in level.parts.items()}
        return Losses(torch.stack([level.total for level in levels]).sum(), parts)

    def heads(self) -> Heads:
        """Return what is built of projection and attention."""
        wholes, parts = self.settings.uses_global_loss, self.settings.uses_local_loss
        return Heads(
            image_global=self.image_global_head if wholes else None,
            report_global=self.report_global_head if wholes else None,
            image_local=self.image_local_head if parts else None,
            report_local=self.report_local_head if parts else None,
            cross_attention=self.cross_attention if parts else None,
        )

    def _wholes(self, image: ImageFeatures, report: ReportFeatures) -> Losses:
        images, reports = self.image_global_head(image.pooled), self.report_global_head(report.pooled)
        return global_losses(images, reports, self.settings)

    def _parts(self, image: ImageFeatures, report: ReportFeatures) -> Losses:
        """Compare each region with what the sentences say of it, and each sentence with what the regions show."""
        settings = self.settings
        weighted = settings.region_weights == "attention"
        regions = self.image_local_head(image.regions)
        sentences = self.report_local_head(report.sentences, report.mask)
        attended = self.cross_attention(regions, sentences, report.mask)

        terms: list[Tensor] = []
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
            terms += [settings.local_image_weight * term for term in loss]
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
            terms += [settings.local_report_weight * term for term in loss]
        return Losses(torch.stack(terms).sum(), parts)
