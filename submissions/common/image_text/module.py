"""Base of LoVT, ConVIRT and CLIP: both encoders, their pooling, and a step around the losses of the method."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from lovt_bench.submissions.common.attention_pooling import AttentionPooling
from lovt_bench.submissions.common.augment.normalise import network_input
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.image_text.analysis_file import TextOrigin, content_of
from lovt_bench.submissions.common.image_text.features import (
    ImageFeatures,
    Losses,
    ReportFeatures,
    image_features,
    report_features,
)
from lovt_bench.submissions.common.image_text.parts import Heads, MethodParts
from lovt_bench.submissions.common.image_text.samples import (
    PairBatch,
    PairCollate,
    TrainingPair,
    ValidationPair,
)
from lovt_bench.submissions.common.image_text.settings import ImageTextSettings
from lovt_bench.submissions.common.module import Monitor, Need, PretrainingModule
from lovt_bench.submissions.common.sampling import Transform, Unit
from lovt_bench.submissions.common.text.encoder import TextEncoder, pretrained_text_model, small_text_model
from lovt_bench.submissions.common.text.source import PUBLISHED, SMALL
from lovt_bench.submissions.common.text.tokeniser import ReportTokens

TOKENISER = "tokeniser"


class ImageTextModule(PretrainingModule):
    """A method adds heads in `__init__` and says in `losses` what is to be minimised."""

    unit: ClassVar[Unit] = "study"
    needs: ClassVar[tuple[Need, ...]] = ("reports",)
    monitor: ClassVar[Monitor | None] = Monitor("val/loss", "min")

    settings: ImageTextSettings

    def __init__(self, settings: ImageTextSettings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        if settings.text_model == SMALL:
            bert, self.tokeniser = small_text_model(
                corpus.training_sentences(),
                layers=settings.small_layers,
                hidden=settings.small_hidden,
                heads=settings.small_heads,
                vocabulary=settings.small_vocabulary,
                lower_case=settings.lower_case,
            )
            self.text_origin = TextOrigin(SMALL, has_folder=False)
        else:
            bert, self.tokeniser = pretrained_text_model(settings.text_model, lower_case=settings.lower_case)
            # Where a local folder lies on this machine is nobody's business.
            name = Path(settings.text_model)
            if settings.text_model == PUBLISHED:
                self.initial_data = (*self.initial_data, "MIMIC-III")
            self.text_origin = TextOrigin(name.name if name.is_dir() else name.as_posix(), has_folder=True)
            self.notes.append(f"text model started from {self.text_origin.name}")
        self.text = TextEncoder(
            bert,
            frozen_layers=settings.frozen_layers,
            freeze_embeddings=settings.freeze_embeddings,
            frozen_dropout=settings.frozen_dropout,
        )
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

    def training_step(self, batch: PairBatch, batch_idx: int) -> Tensor:
        total, parts = self.losses(self.encode_images(batch.images), self.encode_reports(batch.reports))
        self.log("train/loss", total, on_step=True, on_epoch=True, batch_size=len(batch.images))
        values = {f"train/{name}": value.detach() for name, value in parts.items()}
        self.log_dict(values, batch_size=len(batch.images))
        return total

    def validation_step(self, batch: PairBatch, batch_idx: int) -> None:
        total, parts = self.losses(self.encode_images(batch.images), self.encode_reports(batch.reports))
        # A batch counts once, whatever its size: the published mean is one over batches.
        values = {"val/loss": total, **{f"val/{name}": value for name, value in parts.items()}}
        self.log_dict(values, batch_size=1, sync_dist=True)

    def training_transform(self) -> Transform:
        settings = self.settings
        return TrainingPair(
            settings.image_side, settings.sentences, settings.swap_probability, settings.views
        )

    def validation_transform(self) -> Transform:
        return ValidationPair(self.settings.image_side)

    def collate(self) -> PairCollate:
        return PairCollate(self.tokeniser)

    def online_features(self, batch: PairBatch) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            "image": (self.encode_images(batch.images).pooled, batch.labels),
            "report": (self.encode_reports(batch.reports).pooled, batch.labels),
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[TOKENISER] = self.tokeniser.to_text()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.tokeniser.restore(checkpoint[TOKENISER])
