"""Which architecture the configuration beside weights names, where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.understand.folders import WeightFiles

Named = tuple[str, dict[str, JsonValue] | None]


def configured(weights: WeightFiles) -> Named | None:
    """Return the architecture and its options that a folder's configuration says; None where it says none.

    Raises:
        BackboneError: A configuration of transformers that cannot be built (`architectures.hf.from_config`).
    """
    config = weights.config
    if config is None:
        return None
    if weights.kind == "transformers":
        # Imports transformers' families, which files without a configuration do not have to wait for.
        from lovt_bench.benchmark.backbone.architectures.hf import from_config

        return from_config(config)
    if weights.kind == "timm":
        return _of_timm(config.get("architecture"))
    return _of_timm(_inside(config, "model_cfg", "vision_cfg", "timm_model_name"))


def _inside(config: Mapping[str, Any], *keys: str) -> object:
    found: object = config
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _of_timm(name: object) -> Named | None:
    """Return the registry's name of a network of timm, a tag of weights left out."""
    if not isinstance(name, str):
        return None
    bare = name.partition(".")[0]
    return (bare if bare in registry.architectures() else f"timm.{bare}"), None
