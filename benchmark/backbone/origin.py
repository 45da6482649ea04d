"""What `lovt-bench backbone export` turns into a folder: ImageNet's weights, or one random draw."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.backbone import imagenet
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.backbone.names import ALWAYS, IMAGENET, is_kept
from lovt_bench.benchmark.backbone.place import backbone_folder
from lovt_bench.benchmark.backbone.sources import RandomSource
from lovt_bench.benchmark.contract.backbone import Provenance


@dataclass(frozen=True)
class Origin:
    """A backbone on its way into a folder."""

    name: str
    display_name: str
    backbone: Backbone
    provenance: Provenance


def origin(name: str, *, architecture: str | None, seed: int | None) -> Origin:
    """Return the backbone that is asked for.

    Args:
        name: `imagenet` or `random`.
        architecture: None for resnet50.
        seed: The draw; needed for `random`, which becomes `random-SEED`.

    Raises:
        BackboneError: Something is missing or does not fit.
    """
    backbone_folder(Path(), name)
    if name not in ALWAYS:
        raise BackboneError(elsewhere(name))
    if name == IMAGENET:
        if seed is not None:
            raise BackboneError(f"--seed belongs to NAME random, found NAME {name}")
        if architecture not in (None, imagenet.ARCHITECTURE):
            raise BackboneError(f"NAME imagenet is {imagenet.ARCHITECTURE}; give other weights another name")
        return Origin(name, "ImageNet", *imagenet.load_imagenet(imagenet.cached_file()))
    if seed is None:
        raise BackboneError("NAME random needs --seed: it writes the draw of that seed")
    source = RandomSource(architecture or "resnet50")
    return Origin(
        f"{source.name}-{seed}",
        f"{source.display_name}, seed {seed}",
        source.load(seed),
        Provenance(method="random", seed=seed),
    )


def elsewhere(name: str, weights: str = "FILE", options: Sequence[str] = ()) -> str:
    """Return what is said to somebody who exports weights from elsewhere: how they become a backbone.

    Args:
        name: What the backbone was to be called.
        weights: The file.
        options: Further words of the command line.
    """
    if name == IMAGENET:
        return f"NAME imagenet takes the weights that lie in torch hub's cache: {imagenet.advice()}"
    kept = is_kept(name)
    words = shlex.join(["lovt-bench", "submit", "NAME" if kept else name, "--weights", weights, *options])
    why = f"the name {name} is kept for what is always there and for canaries; " if kept else ""
    return f"{why}`backbone export` writes imagenet and random; weights from elsewhere become a backbone with: {words}"
