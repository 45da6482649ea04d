"""Where a backbone comes from, by name: `random`, `imagenet`, or a folder under `workspace/backbones/`.

A name is checked before it becomes a path. Resolving is cheap where it can be; weights are read by `load`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from lovt_bench.benchmark.backbone import imagenet, registry
from lovt_bench.benchmark.backbone.folder import check_architecture, load_backbone, read_manifest
from lovt_bench.benchmark.backbone.graph_apart import GraphApart, graph_side
from lovt_bench.benchmark.backbone.graph_module.apart import load_module
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.backbone.names import DRAWN, DRAWN_PREFIX, IMAGENET, MANIFEST, missing
from lovt_bench.benchmark.backbone.place import backbone_folder
from lovt_bench.benchmark.backbone.tokens.stored import StoredTokens, stored_tokens
from lovt_bench.benchmark.backbone.weights import weights_digest
from lovt_bench.benchmark.contract.backbone import BackboneManifest, FeatureLevel, drawn_display_name
from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.declared_facts import Normalisation

DRAWING_RULE = {"source": "random", "initialisation": "torchvision-default", "version": 1}
"""What a random backbone depends on beside its architecture and seed."""


class BackboneSource(Protocol):
    """A backbone that can be loaded; what run records need is known before."""

    @property
    def name(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def architecture(self) -> str: ...
    @property
    def levels(self) -> tuple[FeatureLevel, ...]: ...
    @property
    def drawn_per_run(self) -> bool:
        """Whether `load` gives other weights for another seed."""
        ...

    @property
    def sha256(self) -> str:
        """Identity of the weights; where they are drawn per run, of the rule they are drawn by."""
        ...

    @property
    def frozen_only(self) -> bool:
        """Whether there is nothing that could be fine-tuned."""
        ...

    @property
    def fixed_side(self) -> int | None:
        """The only image side that it takes; None: any divisible by 32."""
        ...

    @property
    def tokens(self) -> StoredTokens | None:
        """What is stored of it in the place of levels; None where levels are."""
        ...

    @property
    def normalisation(self) -> Normalisation | None:
        """How the images were normalised that it was pre-trained on, as declared."""
        ...

    def load(self, seed: int) -> Backbone:
        """Return the backbone in eval mode on the CPU, torch's generators untouched; `load_to_train` for training."""
        ...


@dataclass(frozen=True)
class RandomSource:
    """A new draw of the family's default initialisation for each seed (evaluation.md section 2.3)."""

    architecture: str = "resnet50"
    drawn_per_run: bool = True
    frozen_only: bool = False
    normalisation: Normalisation | None = None

    @property
    def name(self) -> str:
        return "random" if self.architecture == "resnet50" else f"random-{self.architecture}"

    @property
    def display_name(self) -> str:
        return drawn_display_name(self.architecture)

    @property
    def levels(self) -> tuple[FeatureLevel, ...]:
        return registry.blueprint(self.architecture).levels

    @property
    def fixed_side(self) -> int | None:
        return registry.blueprint(self.architecture).fixed_side

    @property
    def tokens(self) -> StoredTokens | None:
        return stored_tokens(registry.blueprint(self.architecture))

    @property
    def sha256(self) -> str:
        options = registry.blueprint(self.architecture).options
        rule = {**DRAWING_RULE, "architecture": self.architecture}
        return digest_of(rule if options is None else rule | {"options": options})

    def load(self, seed: int) -> Backbone:
        return random_draw(self.architecture, seed)


@dataclass(frozen=True)
class FolderSource:
    """A folder that follows the contract."""

    root: Path
    manifest: BackboneManifest
    drawn_per_run: bool = False

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def display_name(self) -> str:
        return self.manifest.display_name

    @property
    def architecture(self) -> str:
        return self.manifest.architecture

    @property
    def levels(self) -> tuple[FeatureLevel, ...]:
        return tuple(self.manifest.levels)

    @property
    def sha256(self) -> str:
        return self.manifest.sha256

    @property
    def frozen_only(self) -> bool:
        return self.manifest.frozen_only

    @property
    def normalisation(self) -> Normalisation | None:
        return self.manifest.provenance.normalisation

    @property
    def fixed_side(self) -> int | None:
        if self.manifest.is_graph_only:
            return graph_side(self.root, self.sha256)
        return registry.blueprint(self.architecture, self.manifest.options).fixed_side

    @property
    def tokens(self) -> StoredTokens | None:
        if self.manifest.is_graph_only:
            return None
        return stored_tokens(registry.blueprint(self.architecture, self.manifest.options))

    def load(self, seed: int) -> Backbone:
        backbone = GraphApart(self.root) if self.manifest.is_graph_only else load_backbone(self.root)
        if read_manifest(self.root).sha256 != self.sha256:
            raise BackboneError(f"{self.root} was replaced after it was resolved; start again")
        return backbone


@dataclass(frozen=True)
class ImageNetSource:
    """Torchvision's weights in torch hub's cache; their digest is that of the folder that exporting makes."""

    path: Path
    sha256: str
    name: str = "imagenet"
    display_name: str = "ImageNet"
    architecture: str = imagenet.ARCHITECTURE
    drawn_per_run: bool = False
    frozen_only: bool = False
    fixed_side: int | None = None
    tokens: StoredTokens | None = None
    normalisation: Normalisation | None = imagenet.NORMALISATION

    @property
    def levels(self) -> tuple[FeatureLevel, ...]:
        return registry.blueprint(self.architecture).levels

    def load(self, seed: int) -> Backbone:
        backbone = imagenet.load_imagenet(self.path)[0]
        if weights_digest(backbone) != self.sha256:
            raise BackboneError(f"{self.path} was replaced after it was resolved; start again")
        return backbone


def load_to_train(source: BackboneSource, seed: int, side: int) -> Backbone:
    """Return the backbone with weights to fine-tune, in eval mode on the CPU, torch's generators untouched.

    It is what `load` returns, but for a graph alone: onnxruntime computes the features of frozen tasks, and a torch
    module made from the graph is trained.

    Args:
        source: Not one for frozen tasks only.
        seed: Of the run.
        side: Image side in pixels.

    Raises:
        BackboneError: As `load` raises it, or a graph cannot be trained after all.
    """
    if isinstance(source, FolderSource) and source.manifest.is_graph_only:
        if source.frozen_only:
            raise BackboneError(f"{source.name} is a graph that cannot be fine-tuned")
        return load_module(source.root, source.sha256, side)
    return source.load(seed)


def random_draw(architecture: str, seed: int, options: registry.Options | None = None) -> Backbone:
    """Return a backbone drawn from `seed` by its family's default initialisation, in eval mode on the CPU.

    Equal seeds give equal weights. The state of torch's global generators is the same before and after.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return registry.build(architecture, options).eval()


def resolve(name: str, workspace: Path) -> BackboneSource:
    """Return the backbone of a name.

    Args:
        name: `random` or `random-ARCHITECTURE`, `imagenet`, or a folder under `workspace/backbones/`.
        workspace: The workspace root.

    Raises:
        BackboneError: Not a name, nothing of that name, or a folder that breaks the contract.
    """
    root = backbone_folder(workspace, name)
    if name == DRAWN:
        return RandomSource()
    if name.startswith(DRAWN_PREFIX) and registry.is_known(name.removeprefix(DRAWN_PREFIX)):
        return RandomSource(name.removeprefix(DRAWN_PREFIX))
    if root.is_dir():
        manifest = read_manifest(root)
        if manifest.name != name:
            raise BackboneError(
                f"{root / MANIFEST} names the backbone {manifest.name!r}, its folder {name!r}"
            )
        if not manifest.is_graph_only:
            check_architecture(manifest)
        return FolderSource(root, manifest)
    if name == IMAGENET:
        path = imagenet.cached_file()
        return ImageNetSource(path, weights_digest(imagenet.load_imagenet(path)[0]))
    raise BackboneError(missing(name, workspace))
