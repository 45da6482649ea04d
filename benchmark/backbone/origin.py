"""What `lovt-bench backbone export` turns into a folder: a weight file, ImageNet's, or one random draw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.backbone import imagenet
from benchmark.backbone.convert import from_file
from benchmark.backbone.model import Backbone, BackboneError
from benchmark.backbone.names import is_kept
from benchmark.backbone.sources import RandomSource, backbone_folder
from benchmark.contract.backbone import Provenance
from benchmark.disk.digest import file_sha256


@dataclass(frozen=True)
class Origin:
    """A backbone on its way into a folder."""

    name: str
    display_name: str
    backbone: Backbone
    provenance: Provenance


def origin(name: str, *, weights: Path | None, architecture: str | None, seed: int | None) -> Origin:
    """Return the backbone that is asked for.

    Args:
        name: `imagenet`, `random` or a new name.
        weights: state dict file; needed for a new name, optional for `imagenet`.
        architecture: None for resnet50.
        seed: the draw; needed for `random`, which becomes `random-SEED`.

    Raises:
        BackboneError: something is missing or does not fit.
    """
    backbone_folder(Path(), name)
    if seed is not None and name != "random":
        raise BackboneError(f"--seed belongs to NAME random, found NAME {name}")
    if name == "random":
        if weights is not None or seed is None:
            raise BackboneError(
                "NAME random needs --seed and takes no --weights: it writes the draw of that seed"
            )
        source = RandomSource(architecture or "resnet50")
        return Origin(
            f"{source.name}-{seed}",
            f"{source.display_name}, seed {seed}",
            source.load(seed),
            Provenance(method="random", seed=seed),
        )
    if name == "imagenet":
        if architecture not in (None, imagenet.ARCHITECTURE):
            raise BackboneError(f"NAME imagenet is {imagenet.ARCHITECTURE}; give other weights another name")
        return Origin(name, "ImageNet", *imagenet.load_imagenet(weights or imagenet.cached_file()))
    if weights is None:
        raise BackboneError(f"NAME {name} needs --weights FILE; only imagenet and random do without")
    if is_kept(name):
        raise BackboneError(f"names that begin with `random` are kept for random draws, found {name}")
    backbone, notes = from_file(architecture or "resnet50", weights)
    return Origin(
        name, name, backbone, Provenance(method=name, source_sha256=file_sha256(weights), notes=notes)
    )
