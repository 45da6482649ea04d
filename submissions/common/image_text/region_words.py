"""Base of GLoRIA and MGCA: regions of the map before the last, words of whole pieces, and both sides as wholes."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor
from torch.nn import functional

from lovt_bench.submissions.common.augment.normalise import network_input
from lovt_bench.submissions.common.corpus import Corpus, Normalisation
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.image_text.samples import Views
from lovt_bench.submissions.common.image_text.settings import TwoEncoderSettings
from lovt_bench.submissions.common.image_text.two_encoders import TwoEncoderModule
from lovt_bench.submissions.common.text.tokeniser import ReportTokens
from lovt_bench.submissions.common.text.words import continuing_pieces


class RegionWordSettings(TwoEncoderSettings):
    """What both origins have in common."""

    views: Views = "padded_crop"
    network_side: int | None = Field(default=299, ge=32, le=1024)
    """Side in pixels that views are enlarged to for the network, so that a view of 224 has 19 x 19 regions; null: as
    they are."""
    normalisation: Normalisation = "half"
    max_tokens: int = Field(ge=8, le=512)
    """Longest sequence of the text model; sentences that do not fit are left out."""
    max_epochs: PositiveInt = 50
    min_delta: NonNegativeFloat = 0
    global_image_weight: NonNegativeFloat = 1
    global_report_weight: NonNegativeFloat = 1
    frozen_layers: NonNegativeInt = 0
    freeze_embeddings: bool = False


class ImageRegions(NamedTuple):
    """What the image encoder says."""

    regions: Tensor
    """(B, R, d) float, row by row of the map with half the resolution of the one before."""
    pooled: Tensor
    """(B, d_deepest): the deepest map, averaged."""


class ReportWords(NamedTuple):
    """What the report encoder says."""

    words: Tensor
    """(B, W, d) float, zeros where padded."""
    pooled: Tensor
    """(B, d)."""
    mask: Tensor
    """(B, W) bool, True where there is a word."""
    attention: Tensor | None = None
    """(B, W) non-negative: how the report as a whole looks at each word; None where nothing reads it."""


class RegionWordModule(TwoEncoderModule):
    """A method says how reports are encoded, and adds heads and losses."""

    settings: RegionWordSettings
    continues: Tensor
    """(V,) bool: word pieces that go on with a word."""

    def __init__(self, settings: RegionWordSettings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        side, fixed = settings.network_side or settings.image_side, self.backbone.fixed_side
        if fixed not in (None, side):
            raise SettingsError(
                f"network_side={settings.network_side}, image_side={settings.image_side}: "
                f"{settings.architecture} takes images of {fixed} pixels only; --set network_side={fixed}"
            )
        self.tokeniser.limit = min(self.tokeniser.limit, settings.max_tokens)
        self.register_buffer("continues", continuing_pieces(self.tokeniser.vocabulary()), persistent=False)

    def encode_images(self, images: Tensor) -> ImageRegions:
        """Return the features of (B, 1, S, S) uint8 images."""
        settings = self.settings
        pixels = network_input(images, *self.corpus.normalised_by(settings.normalisation))
        if settings.network_side is not None:
            pixels = functional.interpolate(
                pixels, size=settings.network_side, mode="bilinear", align_corners=True
            )
        *_, before, deepest = self.backbone.feature_maps(pixels)
        return ImageRegions(before.flatten(2).transpose(1, 2), deepest.mean(dim=(2, 3)))

    def encode_reports(self, reports: ReportTokens) -> ReportWords:
        """Return the features of tokenised reports."""
        raise NotImplementedError

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_load_checkpoint(checkpoint)
        self.continues = continuing_pieces(self.tokeniser.vocabulary()).to(self.continues.device)
