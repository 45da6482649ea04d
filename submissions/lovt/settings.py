"""Settings of LoVT; defaults are LoVT_100. Its ablations are variants in submission.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from lovt_bench.submissions.common.image_text.settings import ImageTextSettings


class Settings(ImageTextSettings):
    """Global alignment as the base has it, and local alignment (pretraining.md sections 1.4 and 1.5)."""

    local_image_weight: NonNegativeFloat = 0.375
    """Weight of each of the two losses between regions and what the report says of them; 0: no such loss."""
    local_report_weight: NonNegativeFloat = 0.375
    """Weight of each of the two losses between sentences and what the image shows of them; 0: no such loss."""
    local_temperature: PositiveFloat = 0.3
    region_weights: Literal["attention", "uniform"] = "attention"
    """How much a region or sentence counts as an anchor: its weight in attention pooling, or alike."""
    region_threshold: float = Field(default=0.5, gt=0, le=1)
    """Regions closer than this share of the image's diagonal are positives of each other."""
    region_smoothing: PositiveFloat | None = 1.0
    """A positive at distance d counts exp(-smoothing · d); None: all count alike."""

    @property
    def uses_local_loss(self) -> bool:
        return self.local_image_weight > 0 or self.local_report_weight > 0

    @model_validator(mode="after")
    def _something_to_learn(self) -> Settings:
        if not self.uses_global_loss and not self.uses_local_loss:
            raise ValueError("all losses have weight 0; give one of them a weight")
        return self

    @model_validator(mode="after")
    def _weights_have_a_source(self) -> Settings:
        if self.region_weights == "attention" and (
            (self.local_image_weight > 0 and self.image_pooling != "attention")
            or (self.local_report_weight > 0 and self.report_pooling != "attention")
        ):
            raise ValueError(
                "region_weights=attention takes the weights of attention pooling on each side with a local loss; "
                "pool both by attention, or set region_weights=uniform"
            )
        return self
