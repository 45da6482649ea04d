"""Base of LoVT, ConVIRT and CLIP: pooled regions and sentences, and what the analysis needs of both encoders."""

from __future__ import annotations

from torch import Tensor

from lovt_bench.submissions.common.attention_pooling import AttentionPooling
from lovt_bench.submissions.common.augment.normalise import network_input
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.image_text.analysis_file import content_of
from lovt_bench.submissions.common.image_text.features import (
    ImageFeatures,
    Losses,
    ReportFeatures,
    image_features,
    report_features,
)
from lovt_bench.submissions.common.image_text.parts import Heads, MethodParts
from lovt_bench.submissions.common.image_text.samples import PairBatch
from lovt_bench.submissions.common.image_text.settings import ImageTextSettings
from lovt_bench.submissions.common.image_text.two_encoders import TwoEncoderModule
from lovt_bench.submissions.common.text.tokeniser import ReportTokens


class ImageTextModule(TwoEncoderModule):
    """A method adds heads in `__init__` and says in `losses` what is to be minimised."""

    settings: ImageTextSettings

    def __init__(self, settings: ImageTextSettings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        self.image_channels = self.backbone.levels[-1].channels
        self.image_pooling = (
            self._attention(self.image_channels, "image") if settings.image_pooling == "attention" else None
        )
        self.report_pooling = (
            self._attention(self.text.dimension, "text") if settings.report_pooling == "attention" else None
        )
        if not settings.uses_global_loss:
            # Pooled features are watched and weigh regions, but nothing reaches them.
            for pooling in (self.image_pooling, self.report_pooling):
                if pooling is not None:
                    pooling.requires_grad_(False)

    def _attention(self, channels: int, side: str) -> AttentionPooling:
        heads = self.settings.attention_heads
        if channels % heads:
            raise SettingsError(
                f"attention_heads={heads} does not divide the {channels} channels of the {side} encoder; "
                "--set attention_heads to a number that does"
            )
        return AttentionPooling(channels, heads, self.settings.pooling_query)

    def losses(self, image: ImageFeatures, report: ReportFeatures) -> Losses:
        """Return the losses of a batch of pairs."""
        raise NotImplementedError

    def heads(self) -> Heads:
        """Return what lies on top of the encoders; `losses` has the same."""
        raise NotImplementedError

    def analysis(self, method: str, backbone_sha256: str) -> bytes:
        return content_of(
            MethodParts(self.text, self.image_pooling, self.report_pooling, self.heads()),
            self.tokeniser,
            self.text_origin,
            method=method,
            backbone_sha256=backbone_sha256,
            corpus_sha256=self.corpus.manifest.identity(),
            image_channels=self.image_channels,
            learnt_pooling=self.settings.uses_global_loss,
        )

    def encode_images(self, images: Tensor) -> ImageFeatures:
        """Return the features of (B, 1, S, S) uint8 images."""
        pixels = network_input(images, self.corpus.pixel_mean, self.corpus.pixel_std)
        deepest = self.backbone.feature_maps(pixels)[-1]
        regions = deepest.flatten(2).transpose(1, 2)
        return image_features(regions, self.image_pooling)

    def encode_reports(self, reports: ReportTokens) -> ReportFeatures:
        """Return the features of tokenised reports."""
        return report_features(self.text(reports), reports, self.report_pooling)

    def batch_losses(self, batch: PairBatch) -> Losses:
        return self.losses(self.encode_images(batch.images), self.encode_reports(batch.reports))
