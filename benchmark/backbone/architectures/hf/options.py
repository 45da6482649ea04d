"""From a `config.json` to an architecture's name with its options, and from those to a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pydantic import JsonValue

from lovt_bench.benchmark.backbone.architectures._timm import SIDE
from lovt_bench.benchmark.backbone.architectures.hf.config import (
    check_refused,
    cleaned,
    known_type,
)
from lovt_bench.benchmark.backbone.architectures.hf.families import FAMILIES, TOWERS
from lovt_bench.benchmark.backbone.architectures.hf.torchvision_names import torchvision_name
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.backbone.tokens.grid import tokens_across
from lovt_bench.benchmark.backbone.tokens.model import LevelRule

PREFIX = "hf."

OPTIONS = ("config", "levels", "native_side")

SIDES = range(1, 1 << 14)
"""What can be a side of images."""


def from_config(config: Mapping[str, Any]) -> tuple[str, dict[str, JsonValue] | None]:
    """Return the architecture that a `config.json` describes, and its options.

    Only fields that features depend on are kept. A ResNet that is torchvision's goes by torchvision's name. Position
    tables are those of 224-pixel images; `native_side` keeps the side that the network was trained at.

    Args:
        config: Content of `config.json`, hostile.

    Raises:
        BackboneError: Another model type, a configuration beyond limits, or one that cannot be built without running
            what it names.
    """
    check_refused(config)
    model_type = config.get("model_type")
    if isinstance(model_type, str) and model_type in TOWERS:
        tower = config.get("vision_config")
        if not isinstance(tower, Mapping):
            raise BackboneError(f"config.json of model type {model_type} has no vision_config")
        check_refused(tower)
        model_type, config = TOWERS[model_type], tower
    model_type = known_type(model_type)
    known = cleaned(model_type, config)
    options: dict[str, JsonValue] = {"config": known}
    native = known.get("image_size", config.get("image_size"))
    if isinstance(native, list) and native:
        native = native[0]
    if type(native) is int and native in SIDES:
        options["native_side"] = native
    if FAMILIES[model_type].plain:
        patch = cast(int, known["patch_size"])
        known["image_size"] = tokens_across(SIDE, patch) * patch
        options["levels"] = "last"
    elif model_type == "hiera":
        known["image_size"] = [SIDE, SIDE]
    elif model_type == "resnet" and (same := torchvision_name(known)):
        return same, None
    return PREFIX + model_type, options


def network_of(architecture: str, options: Mapping[str, JsonValue] | None) -> Backbone:
    """Return the network of a name and its options.

    Raises:
        BackboneError: No such model type, or options that it does not take.
    """
    model_type = known_type(architecture.removeprefix(PREFIX))
    family = FAMILIES[model_type]
    given = {} if options is None else dict(options)
    if strange := sorted(given.keys() - set(OPTIONS if family.plain else ("config", "native_side"))):
        raise BackboneError(f"{architecture} takes no option {', '.join(strange)}")
    config = given.get("config", {})
    if not isinstance(config, Mapping):
        raise BackboneError(f"config of {architecture} must be the fields of a configuration")
    if strange := sorted(config.keys() - set(family.fields)):
        raise BackboneError(
            f"{architecture} has no field {', '.join(strange)}; `submit --weights FOLDER` takes a whole config.json"
        )
    whole: dict[str, JsonValue] = {"config": cleaned(model_type, config)}
    if "native_side" in given:
        if type(given["native_side"]) is not int or given["native_side"] not in SIDES:
            raise BackboneError(f"native_side of {architecture} must be a side in pixels")
        whole["native_side"] = given["native_side"]
    if family.plain:
        from lovt_bench.benchmark.backbone.architectures.hf.tokens import HfTokens

        return HfTokens(architecture, model_type, whole, cast(LevelRule, given.get("levels", "last")))
    from lovt_bench.benchmark.backbone.architectures.hf.stages import HfStages

    return HfStages(architecture, model_type, whole)
