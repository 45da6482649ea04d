"""All of an image-text method behind its image encoder: what `analysis.safetensors` holds, and its forward pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from lovt_bench.submissions.common.attention_pooling import AttentionPooling
from lovt_bench.submissions.common.cross_attention import Attended, CrossAttention
from lovt_bench.submissions.common.image_text.features import (
    ImageFeatures,
    ReportFeatures,
    image_features,
    report_features,
)
from lovt_bench.submissions.common.projection import ProjectionHead
from lovt_bench.submissions.common.text.encoder import TextEncoder
from lovt_bench.submissions.common.text.tokeniser import ReportTokens


@dataclass(frozen=True)
class Heads:
    """What a method puts on top of its encoders."""

    image_global: ProjectionHead | None = None
    report_global: ProjectionHead | None = None
    image_local: ProjectionHead | None = None
    report_local: ProjectionHead | None = None
    cross_attention: CrossAttention | None = None


class Inside(NamedTuple):
    """What a method says of a batch of studies."""

    image: ImageFeatures
    report: ReportFeatures | None
    """With all that follows of reports: None where there are none."""
    zl_a: Tensor | None
    """(B, R, d): projected regions."""
    zl_b: Tensor | None
    """(B, S, d): projected sentences."""
    zg_a: Tensor | None
    """(B, d): projected images."""
    zg_b: Tensor | None
    """(B, d): projected reports."""
    attended: Attended | None


class MethodParts(nn.Module):
    """Text model, pooling, heads and attention of a method; without a text model it encodes no reports."""

    def __init__(
        self,
        text: TextEncoder | None,
        image_pooling: AttentionPooling | None,
        report_pooling: AttentionPooling | None,
        heads: Heads,
    ) -> None:
        super().__init__()
        self.text, self.image_pooling, self.report_pooling = text, image_pooling, report_pooling
        self.image_global_head, self.report_global_head = heads.image_global, heads.report_global
        self.image_local_head, self.report_local_head = heads.image_local, heads.report_local
        self.cross_attention = heads.cross_attention

    def encode_reports(self, reports: ReportTokens) -> ReportFeatures:
        """Return the features of tokenised reports."""
        assert self.text is not None
        return report_features(self.text(reports), reports, self.report_pooling)

    def forward(self, regions: Tensor, report: ReportFeatures | None) -> Inside:
        """Return all features of a batch.

        Args:
            regions: (B, R, d) float32, row by row of the deepest feature map.
            report: Of the same studies; None where they have no reports.
        """
        image = image_features(regions, self.image_pooling)
        zl_a, zg_a = (
            _projected(self.image_local_head, image.regions),
            _projected(self.image_global_head, image.pooled),
        )
        if report is None:
            return Inside(image, None, zl_a, None, zg_a, None, None)
        zl_b = _projected(self.report_local_head, report.sentences, report.mask)
        attended = None
        if self.cross_attention is not None and zl_a is not None and zl_b is not None:
            attended = self.cross_attention(zl_a, zl_b, report.mask)
        return Inside(
            image,
            report,
            zl_a,
            zl_b,
            zg_a,
            _projected(self.report_global_head, report.pooled),
            attended,
        )


def _projected(head: ProjectionHead | None, features: Tensor, mask: Tensor | None = None) -> Tensor | None:
    if head is None:
        return None
    projected: Tensor = head(features, mask)
    return projected
