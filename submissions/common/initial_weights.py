"""What a backbone starts from. Nothing is downloaded and nothing is unpickled."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.backbone import imagenet
from lovt_bench.benchmark.backbone.convert import from_state_dict, read_state_dict
from lovt_bench.benchmark.backbone.folder import load_backbone, read_manifest
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.backbone.registry import Options, blueprint
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract.run_contract import INITIAL_VARIABLE
from lovt_bench.submissions.common.errors import PretrainingError


@dataclass(frozen=True)
class InitialWeights:
    """A backbone to train, and what is to be declared of it."""

    backbone: Backbone
    pretraining_data: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def initial_backbone(
    choice: str, architecture: str, seed: int, options: Options | None = None
) -> InitialWeights:
    """Return the backbone that a setting `initial_weights` describes.

    Args:
        choice: `imagenet`, `random`, a weight file in torchvision's layout, a backbone folder, or the name of a
            backbone whose folder the harness gives to the run.
        architecture: Name in the registry.
        seed: Seed of the draw where `choice` is `random`.
        options: What completes the name; None: of a folder its own, else as the library defines it.

    Raises:
        PretrainingError: No such weights here, or of another architecture.
    """
    try:
        if choice == "random":
            return InitialWeights(random_draw(architecture, seed, options))
        if choice == "imagenet":
            return _imagenet(architecture)
        path = Path(os.environ.get(INITIAL_VARIABLE, choice))
        if path.is_dir():
            manifest = read_manifest(path)
            if manifest.architecture != architecture:
                raise PretrainingError(
                    f"initial_weights: {Path(choice).name} is a {manifest.architecture}, the setting architecture says "
                    f"{architecture}; set them alike"
                )
            if (
                options is not None
                and (wanted := blueprint(architecture, options).options) != manifest.options
            ):
                raise PretrainingError(
                    f"initial_weights: {Path(choice).name} has the options {manifest.options}, the setting "
                    f"architecture_options means {wanted}; set them alike"
                )
            return InitialWeights(
                load_backbone(path),
                tuple(manifest.provenance.pretraining_data),
                (f"started from {Path(choice).name}",),
            )
        if path.is_file() and options is not None:
            raise PretrainingError(
                f"initial_weights={choice}: a weight file says nothing of architecture_options; make it a backbone by "
                "`lovt-bench submit` and give that folder"
            )
        if path.is_file():
            backbone, notes = from_state_dict(architecture, read_state_dict(path))
            return InitialWeights(backbone, ("unknown",), (f"started from {path.name}", *notes))
    except BackboneError as error:
        raise PretrainingError(f"initial_weights={choice}: {error}") from error
    raise PretrainingError(
        f"initial_weights={choice}: expected imagenet, random, a weight file, a backbone folder, or, by "
        "`lovt-bench pretrain`, the name of a backbone of the workspace; found none of them"
    )


def _imagenet(architecture: str) -> InitialWeights:
    if architecture != imagenet.ARCHITECTURE:
        raise PretrainingError(
            f"initial_weights=imagenet is {imagenet.ARCHITECTURE} only, the architecture is {architecture}; "
            "give a weight file of yours or --set initial_weights=random"
        )
    path = imagenet.cached_file()
    if not path.is_file():
        raise PretrainingError(
            f"initial_weights=imagenet: {imagenet.advice()}, or start without: --set initial_weights=random"
        )
    backbone, provenance = imagenet.load_imagenet(path)
    return InitialWeights(backbone, tuple(provenance.pretraining_data), tuple(provenance.notes))
