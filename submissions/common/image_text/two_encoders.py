"""Base of all methods that encode images and their reports: text model, samples, and a step around the losses."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Protocol

from torch import Tensor

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.image_text.analysis_file import TextOrigin
from lovt_bench.submissions.common.image_text.features import Losses
from lovt_bench.submissions.common.image_text.samples import (
    PairBatch,
    PairCollate,
    TrainingPair,
    ValidationPair,
)
from lovt_bench.submissions.common.image_text.settings import TwoEncoderSettings
from lovt_bench.submissions.common.module import Monitor, Need, PretrainingModule
from lovt_bench.submissions.common.sampling import Transform, Unit
from lovt_bench.submissions.common.text.encoder import TextEncoder, pretrained_text_model, small_text_model
from lovt_bench.submissions.common.text.source import PUBLISHED, SMALL
from lovt_bench.submissions.common.text.tokeniser import ReportTokens

TOKENISER = "tokeniser"


class Pooled(Protocol):
    """What an encoder says of a batch, whatever else is in it."""

    @property
    def pooled(self) -> Tensor:
        """(B, d): images or reports as wholes."""


class TwoEncoderModule(PretrainingModule):
    """A method adds its parts in `__init__` and says in `batch_losses` what is to be minimised."""

    unit: ClassVar[Unit] = "study"
    needs: ClassVar[tuple[Need, ...]] = ("reports",)
    monitor: ClassVar[Monitor | None] = Monitor("val/loss", "min")

    settings: TwoEncoderSettings

    def __init__(self, settings: TwoEncoderSettings, corpus: Corpus, seed: int = 0) -> None:
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

    def batch_losses(self, batch: PairBatch) -> Losses:
        """Return the losses of a batch of pairs."""
        raise NotImplementedError

    def encode_images(self, images: Tensor) -> Pooled:
        """Return the features of (B, 1, S, S) uint8 images."""
        raise NotImplementedError

    def encode_reports(self, reports: ReportTokens) -> Pooled:
        """Return the features of tokenised reports."""
        raise NotImplementedError

    def online_features(self, batch: PairBatch) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            "image": (self.encode_images(batch.images).pooled, batch.labels),
            "report": (self.encode_reports(batch.reports).pooled, batch.labels),
        }

    def training_step(self, batch: PairBatch, batch_idx: int) -> Tensor:
        total, parts = self.batch_losses(batch)
        self.log("train/loss", total, on_step=True, on_epoch=True, batch_size=len(batch.images))
        values = {f"train/{name}": value.detach() for name, value in parts.items()}
        self.log_dict(values, batch_size=len(batch.images))
        return total

    def validation_step(self, batch: PairBatch, batch_idx: int) -> None:
        total, parts = self.batch_losses(batch)
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

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[TOKENISER] = self.tokeniser.to_text()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.tokeniser.restore(checkpoint[TOKENISER])
