"""`submission.yaml`: who stands behind a row of the leaderboard, and how its backbone is made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, HttpUrl, JsonValue, PositiveInt, StringConstraints, model_validator

from lovt_bench.benchmark.contract.base import Model, Name, Sha256
from lovt_bench.benchmark.contract.declared_facts import DeclaredFacts

Supervision = Literal["none", "general", "labels", "self", "text", "control", "unknown"]
"""`general`: general-domain initialisation; `labels`: supervised in-domain; `self`: images only; `text`: reports;
`control`: an end of the scale or a canary, which is no method and has no rank."""

CorpusNeed = Literal["none", "images", "labels", "reports", "masks"]
"""What a method reads of a corpus beside its images; `none`: it needs no corpus; `masks`: only a control may."""

VariantName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9_]{0,30}[a-z0-9])?$")]
"""Lower case letters, digits and `_`, 1 to 32 characters."""

TaskName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
"""Id of a task (tasks/specs)."""

SubmissionKind = Literal["method", "container", "weights", "claims"]
"""`method`: a module of this repository; `container`: an image from elsewhere, or an untrained row; `weights`: made
elsewhere; `claims`: numbers only."""

ClaimedTrack = Literal["public", "phantom"]
"""Nobody can compare numbers that are claimed of own data."""

ProfileName = Literal["demo"]
"""`paper` is what a variant says as it stands and has no entry."""


class _Declared(Model):
    """What a person writes: nothing is converted, so that `true` is no number and `"12"` neither."""

    model_config = ConfigDict(strict=True)


class Variant(_Declared):
    """One configuration of a method."""

    description: str = ""
    fraction: float = Field(default=1.0, gt=0, le=1)
    """Share of the training split, in stored order (datasets.md section 7.8)."""
    published: str | None = None
    """Name of the configuration in the published study."""
    settings: dict[str, JsonValue] = {}
    """Differences from the method's defaults."""


class DeclaredWeights(_Declared):
    """Weights that were trained elsewhere: which file they are, and what `lovt-bench submit` made of it."""

    file: str = Field(
        pattern=r"^([A-Za-z0-9][A-Za-z0-9._+-]{0,127}"
        r"|hf:[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}@[0-9a-f]{40})$"
    )
    """Name of the checkpoint, a file or a folder, without where it lies; or hf:ORG/NAME@COMMIT."""
    sha256: Sha256
    """Digest of the checkpoint; of a folder that of the lines which `sha256sum` prints of its files, sorted by name."""
    bytes: PositiveInt
    url: HttpUrl | None = None
    """Where the checkpoint can be had."""
    architecture: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,79}$")
    """Name in the registry of architectures, or `onnx` for a graph alone; None while there is no backbone."""
    backbone_sha256: Sha256 | None = None
    """Identity of the backbone made of it, as run records name it; None until `lovt-bench submit` has made one."""

    @model_validator(mode="after")
    def _backbones_have_an_architecture(self) -> DeclaredWeights:
        if self.backbone_sha256 is not None and self.architecture is None:
            raise ValueError("a backbone (backbone_sha256) has an architecture: say which")
        return self


class ClaimedNumber(_Declared):
    """A number that the submitter states, as fractions."""

    value: float = Field(ge=0, le=1)
    interval95: float | None = Field(default=None, ge=0, le=1)
    """Half-width; of numbers between 0 and 1 it is no larger."""


class _Named(_Declared):
    """How a submission begins: who it is."""

    schema_version: Literal[1] = 1
    name: Name
    display_name: str = Field(min_length=1, max_length=80)
    description: str = ""
    supervision: Supervision


class Submission(DeclaredFacts, _Named):
    """One folder under `submissions/`: what somebody hands in."""

    corpus: CorpusNeed = "none"
    pretraining_data: list[str] = []
    """Names of `pretraining_data.yaml`, `none`, or `other: TEXT`. Empty: undeclared, which counts as unknown."""
    weights: DeclaredWeights | None = None
    """The weights of a submission without code; None if the folder holds a method."""
    claimed: dict[TaskName, ClaimedNumber] = Field(default={}, max_length=64)
    """What the submitter says the tasks give, under the published protocol."""
    claimed_track: ClaimedTrack = "public"
    """Which data the claimed numbers are of."""
    licence: str = "MIT"
    module: str | None = Field(default=None, pattern=r"^submissions(\.[a-z_][a-z0-9_]*)+$")
    """Module below `lovt_bench` that `lovt-bench pretrain` runs, `submissions.NAME.…`; None if nothing is trained."""
    variants: dict[VariantName, Variant] = {}
    """By name; the first is the default."""
    profiles: dict[ProfileName, dict[str, JsonValue]] = {}
    """Settings that take the place of a variant's, for another size of the same method."""

    @model_validator(mode="after")
    def _trained_methods_have_variants(self) -> Submission:
        if self.module is not None and self.weights is not None:
            raise ValueError("a submission has a module that trains or weights from elsewhere, not both")
        if self.module is not None and self.corpus != "none" and not self.variants:
            raise ValueError("a method that learns from a corpus names at least one variant")
        return self

    @property
    def default_variant(self) -> str | None:
        """Name of the first variant, None where there is none."""
        return next(iter(self.variants), None)
