"""`submission.yaml`: who stands behind a row of the leaderboard, and how its backbone is made."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, HttpUrl, StringConstraints, model_validator

from benchmark.contract.base import Model, Name

Supervision = Literal["none", "general", "labels", "self", "text", "unknown"]
"""`general`: general-domain initialisation; `labels`: supervised in-domain; `self`: images only; `text`: reports."""

CorpusNeed = Literal["none", "images", "labels", "reports"]
"""What a method reads of a corpus beside its images; `none`: it needs no corpus."""

VariantName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9_]{0,30}[a-z0-9])?$")]
"""Lower case letters, digits and `_`, 1 to 32 characters."""

ProfileName = Literal["demo"]
"""`paper` is what a variant says as it stands and has no entry."""


class Variant(Model):
    """One configuration of a method."""

    description: str = ""
    fraction: float = Field(default=1.0, gt=0, le=1)
    """Share of the training split, in stored order (datasets.md, 30 % subset)."""
    published: str | None = None
    """Name of the configuration in the published study."""
    settings: dict[str, Any] = {}
    """Differences from the method's defaults."""


class Submission(Model):
    """One folder under `submissions/`."""

    schema_version: Literal[1] = 1
    name: Name
    display_name: str = Field(min_length=1, max_length=80)
    description: str = ""
    supervision: Supervision
    paper: HttpUrl | None = None
    corpus: CorpusNeed = "none"
    pretraining_data: list[str] = []
    licence: str = "MIT"
    module: str | None = Field(default=None, pattern=r"^submissions(\.[a-z_][a-z0-9_]*)+$")
    """Python module of this repository that `lovt-bench pretrain` runs; None where nothing is trained."""
    variants: dict[VariantName, Variant] = {}
    """By name; the first is the default."""
    profiles: dict[ProfileName, dict[str, Any]] = {}
    """Settings that take the place of a variant's, for another size of the same method."""

    @model_validator(mode="after")
    def _trained_methods_have_variants(self) -> Submission:
        if self.module is not None and self.corpus != "none" and not self.variants:
            raise ValueError("a method that learns from a corpus names at least one variant")
        return self

    @property
    def default_variant(self) -> str | None:
        """Name of the first variant, None where there is none."""
        return next(iter(self.variants), None)
