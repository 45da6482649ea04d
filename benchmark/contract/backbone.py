"""`backbone.json`: what a backbone is, how to call it and where it came from."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, JsonValue, NonNegativeFloat, NonNegativeInt, PositiveInt, model_validator

from lovt_bench.benchmark.contract.base import Model, Name, Sha256, is_empty, is_missing
from lovt_bench.benchmark.contract.declared_facts import DeclaredFacts
from lovt_bench.benchmark.contract.leaderboard import ArchitectureClass
from lovt_bench.benchmark.contract.made_with import PretrainedWith
from lovt_bench.benchmark.contract.network import NetworkFacts, listed_networks
from lovt_bench.benchmark.contract.submission import Submission, Supervision

MANIFEST = "backbone.json"
ONNX_ONLY = "onnx"
"""Architecture of a backbone that is only its graph, of any framework."""

PAPER_ARCHITECTURE = "resnet50"
"""Architecture of every published row."""


def architecture_class(architecture: str) -> ArchitectureClass:
    """Return the class in which backbones of an architecture are ranked, from its name alone.

    `paper` for torchvision's ResNet-50, `open` for everything else: a graph alone too, since a graph does not prove
    what it was made from.
    """
    return "paper" if architecture == PAPER_ARCHITECTURE else "open"


def network_of(architecture: str) -> NetworkFacts | None:
    """Return what is known of a network by the name of its architecture alone; None where a manifest has to say it."""
    return NetworkFacts(family="graph") if architecture == ONNX_ONLY else listed_networks().get(architecture)


def drawn_display_name(architecture: str) -> str:
    """Return what tables call an architecture without training, drawn anew in each run."""
    return "Random" if architecture == PAPER_ARCHITECTURE else f"Random ({architecture})"


class FeatureLevel(Model):
    """One feature map of a backbone: (N, channels, side / stride, side / stride), float32."""

    name: Name
    """`c1` … `c5` for a ResNet: after the first ReLU, layer1 … layer4."""
    channels: PositiveInt
    stride: PositiveInt
    substitute: Literal["image"] | None = None
    """`image`: the architecture has no map of this stride; its place takes the normalised image, averaged over
    stride x stride pixels. None: a map of the network."""

    @model_validator(mode="after")
    def _image_has_three_channels(self) -> FeatureLevel:
        if self.substitute == "image" and self.channels != 3:
            raise ValueError(f"the image stands in with 3 channels, found {self.channels}")
        return self


class InputSpec(Model):
    """How a backbone is called: (N, channels, side, side) float32 normalised images, any side divisible by 32."""

    channels: Literal[3] = 3
    side: PositiveInt = 224
    normalisation: Literal["dataset"] = "dataset"
    """(x - mean) / std with the scalar statistics of the downstream training split, repeated to three channels
    (evaluation.md section 5); the same rule for every backbone. A protocol may prefer `provenance.normalisation`."""


class InitialBackbone(Model):
    """The backbone that a training started from."""

    name: Name
    sha256: Sha256
    """Its identity, as run records name it."""
    supervision: list[Supervision] = Field(default=[], exclude_if=is_empty)
    """What it and the backbones that it started from learned from, as their manifests say; none of them twice."""


class Provenance(DeclaredFacts):
    """Where the weights came from. Free of paths of a machine."""

    method: str = ""
    """Name of the submission, or of what made the weights. A run of the harness may leave it out: that writes it."""
    supervision: Supervision | None = None
    """Supervision as the declaration said when the weights were made; None where nothing was declared."""
    variant: str | None = None
    """Name of the method's configuration."""
    profile: str | None = None
    """`paper`, or the smaller size that the method was run at."""
    fraction: float | None = Field(default=None, gt=0, le=1)
    """Share of the pre-training corpus, None where there is none."""
    seed: int | None = None
    settings: dict[str, str] | None = None
    """What the user changed of the hyperparameters (`--set`), as it was given; None where the harness does not say."""
    method_sha256: str | None = None
    """Digest of the submission's files, and the name of the image that was run in place of a built one."""
    corpus_sha256: Sha256 | None = None
    inputs_sha256: Sha256 | None = None
    """Digest of everything the pre-training depended on: code, corpus, seed, settings. Equal: nothing to do."""
    begun_with: list[Sha256] = []
    """The same of the inputs that the run had before, where its user let it go on although they had changed."""
    image_digest: str | None = None
    """Digest of the container image that made the weights."""
    made_by: Name | None = None
    """Who ran the submission with the harness (`LOVT_BENCH_KEEPER`); None where nobody is named."""
    source_sha256: Sha256 | None = None
    """Digest of the weight file that was converted."""
    commit: str | None = None
    pretraining_data: list[str] = []
    """Data sets that the weights have seen, as declared; the harness adds the corpus that it gave, and what the
    initial weights have seen that it knows."""
    initial: InitialBackbone | None = Field(default=None, exclude_if=is_missing)
    """The backbone of the workspace that the training started from; None where it was none."""
    hyperparameters: dict[str, Any] = {}
    """As the method states them; those that the harness gave are the harness's."""
    seconds: NonNegativeFloat | None = None
    """Wall-clock cost of the pre-training; of a run of the harness, measured from outside, all attempts together."""
    images: NonNegativeInt | None = None
    """Samples that training drew, all epochs and ranks together."""
    epochs: NonNegativeInt | None = None
    best_epoch: NonNegativeInt | None = None
    """Epoch (from 0) whose weights these are, where the method chooses one by validation."""
    device: str | None = None
    """Kind and number of the devices, for example `2 x NVIDIA A100`; no name of a machine."""
    made_with: PretrainedWith | None = Field(default=None, exclude_if=is_missing)
    """Device, precision, threads and libraries that trained; None where the method does not say it."""
    peak_memory_bytes: NonNegativeInt | None = None
    """Peak of the container or process, measured from outside if the harness ran it. Else as the method states it."""
    notes: list[str] = []


def repeated(submission: Submission) -> dict[str, Any]:
    """Return what the provenance of a backbone repeats of a declaration: the fields that both have."""
    both = [name for name in Provenance.model_fields if name in Submission.model_fields]
    return {name: getattr(submission, name) for name in both}


class BackboneManifest(Model):
    """`backbone.json`."""

    schema_version: Literal[1] = 1
    name: Name
    display_name: str = Field(min_length=1, max_length=80)
    architecture: str
    """Name in the architecture registry (`lovt-bench backbone architectures`), or `onnx` for a graph alone."""
    options: dict[str, JsonValue] | None = Field(default=None, exclude_if=is_missing)
    """What completes the architecture's name: a configuration, rules for levels and position tables. None where the
    name says all. The header of `backbone.safetensors` repeats it, so that the digest of the weights covers it."""
    levels: list[FeatureLevel] = Field(min_length=1)
    """In ascending stride."""
    input: InputSpec = InputSpec()
    parameters: PositiveInt
    network: NetworkFacts | None = Field(default=None, exclude_if=is_missing)
    """Family and cost, counted when the folder was written; None in folders from before, and of a graph alone."""
    weights_sha256: Sha256 | None = None
    """SHA-256 of `backbone.safetensors`; None for a graph alone."""
    onnx_sha256: Sha256 | None = None
    """SHA-256 of `backbone.onnx`; None where there is none."""
    trainable: bool = Field(default=False, exclude_if=is_empty)
    """Whether a graph alone can be fine-tuned as a torch module made from it. Proven by the check of a backbone and
    again before a run; never true for others, whose weights are trained anyway."""
    provenance: Provenance
    created: str
    versions: dict[str, str] = {}

    @property
    def sha256(self) -> str:
        """Identity of the backbone in run records: of its weights, of a graph alone the graph's."""
        identity = self.onnx_sha256 if self.weights_sha256 is None else self.weights_sha256
        assert identity is not None, "the validator below asks for one of them"
        return identity

    @property
    def is_graph_only(self) -> bool:
        """Whether there are no weights beside the graph."""
        return self.architecture == ONNX_ONLY

    @property
    def frozen_only(self) -> bool:
        """Whether there is nothing that could be fine-tuned."""
        return self.is_graph_only and not self.trainable

    @model_validator(mode="after")
    def _weights_or_graph(self) -> BackboneManifest:
        if self.is_graph_only:
            if self.onnx_sha256 is None or self.weights_sha256 is not None:
                raise ValueError("a graph alone (architecture onnx) has onnx_sha256 and no weights_sha256")
        elif self.weights_sha256 is None:
            raise ValueError(
                "weights_sha256 is missing; only a graph alone (architecture onnx) goes without weights"
            )
        elif self.trainable:
            raise ValueError(
                "trainable is said of a graph alone (architecture onnx); the weights of others always are"
            )
        return self

    @model_validator(mode="after")
    def _levels_ascend(self) -> BackboneManifest:
        strides = [level.stride for level in self.levels]
        if strides != sorted(set(strides)):
            raise ValueError(f"levels must have strictly ascending strides, found {strides}")
        if len({level.name for level in self.levels}) != len(self.levels):
            raise ValueError(f"level names must differ, found {[level.name for level in self.levels]}")
        return self
