"""Settings of the methods that align images with reports."""

from __future__ import annotations

from typing import Literal, Self, TypedDict

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from lovt_bench.submissions.common.attention_pooling import PoolingQuery
from lovt_bench.submissions.common.image_text.samples import Views
from lovt_bench.submissions.common.settings import Schedule, TrainingSettings
from lovt_bench.submissions.common.text.sentences import SentenceChoice
from lovt_bench.submissions.common.text.source import PUBLISHED


class TwoEncoderSettings(TrainingSettings):
    """What all of them have: text model, text augmentation, views, global loss."""

    views: Views = "published"
    """`published`: crop, flip, affine, jitter, blur; `crop`: the crop alone, from which a network without initial
    weights learns in hundreds of steps; `padded_crop`: the padded square at 8/7 of the side, and a crop of it."""
    sentences: SentenceChoice = "swaps"
    """What a training sample shows of its report: all sentences with random swaps, one, or all as they are."""
    swap_probability: float = Field(default=0.6, ge=0, lt=1)
    """The number of swaps is n with probability (1 - p) · p^n."""

    global_image_weight: NonNegativeFloat = 0.75
    """Weight of the loss with image anchors and report candidates."""
    global_report_weight: NonNegativeFloat = 0.25
    global_temperature: PositiveFloat = 0.1

    text_model: str = PUBLISHED
    """A name on Hugging Face, a local folder, `minilm` (comes as a package), or `small`: untrained, its vocabulary
    from the corpus."""
    lower_case: bool = True
    """Whether text is lower-cased, as the published run did with a cased vocabulary; `false`: as the text model is."""
    frozen_layers: NonNegativeInt = 6
    """First layers of the text model that do not learn."""
    freeze_embeddings: bool = True
    frozen_dropout: bool = True
    """Whether dropout is active in the frozen part during training (published)."""
    small_layers: PositiveInt = 2
    """Layers, channels, heads and largest vocabulary of `text_model: small`."""
    small_hidden: PositiveInt = 128
    small_heads: PositiveInt = 4
    small_vocabulary: PositiveInt = 4096

    @model_validator(mode="after")
    def _heads_divide_channels(self) -> Self:
        if self.small_hidden % self.small_heads:
            raise ValueError(
                f"small_heads={self.small_heads} does not divide small_hidden={self.small_hidden}"
            )
        return self

    @property
    def uses_global_loss(self) -> bool:
        return self.global_image_weight > 0 or self.global_report_weight > 0


class ImageTextSettings(TwoEncoderSettings):
    """Pooling and projection heads beside them; defaults are LoVT's and CLIP's (pretraining.md section 1)."""

    accumulate: PositiveInt = 16
    optimiser: Literal["adam", "adamw"] = "adamw"
    schedule: Schedule = "cosine_per_epoch"
    patience: PositiveInt | None = 10
    double_bn_update: bool = True
    """A second forward pass per batch updates the image encoder's BN statistics once more (published; pretraining.md
    section 1.9); `false`: once per batch, and faster."""

    image_pooling: Literal["attention", "average"] = "attention"
    """How regions become the image's feature."""
    report_pooling: Literal["attention", "max"] = "attention"
    """How the report's feature is made: of its sentences by attention, or the maximum over all tokens."""
    attention_heads: PositiveInt = 8
    pooling_query: PoolingQuery = "padded"
    """`padded`: the query over sentences is their sum over the padded number of sentences of the batch (published);
    `valid`: their mean."""

    projection_hidden: PositiveInt = 2048
    projection_dim: PositiveInt = 512
    projection_norm: Literal["batch", "none"] = "batch"
    padded_in_norm: bool = True
    """Whether padded sentences take part in BN statistics of heads and attention (published); else they stay out."""

    @property
    def head(self) -> Head:
        """Sizes of a projection head, as its arguments."""
        return Head(
            hidden=self.projection_hidden,
            outputs=self.projection_dim,
            norm=self.projection_norm == "batch",
            padded_in_norm=self.padded_in_norm,
        )


class Head(TypedDict):
    """Keyword arguments of `ProjectionHead`."""

    hidden: int
    outputs: int
    norm: bool
    padded_in_norm: bool
