"""Architectures by name. A new one is a new file in `architectures/` and no edit elsewhere."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from types import MappingProxyType

import torch

import benchmark.backbone.architectures as families
from benchmark.backbone.model import Backbone, BackboneError


@cache
def _builders() -> MappingProxyType[str, Callable[[], Backbone]]:
    found: dict[str, Callable[[], Backbone]] = {}
    for module in pkgutil.iter_modules(families.__path__):
        if module.name.startswith("_"):
            continue
        family = importlib.import_module(f"{families.__name__}.{module.name}")
        for name, builder in family.ARCHITECTURES.items():
            if name in found:
                raise RuntimeError(
                    f"architecture {name!r} is defined twice, the second time in {module.name}.py"
                )
            found[name] = builder
    return MappingProxyType(found)


def architectures() -> list[str]:
    """Return the names of all architectures, sorted."""
    return sorted(_builders())


def build(architecture: str) -> Backbone:
    """Return a new backbone with its family's default initialisation, in train mode on the CPU.

    Draws from torch's global CPU generator; `sources.random_draw` draws from a seed instead.

    Raises:
        BackboneError: there is no architecture of that name.
    """
    builder = _builders().get(architecture)
    if builder is None:
        raise BackboneError(f"unknown architecture {architecture!r}; known: {', '.join(architectures())}")
    with torch.device("cpu"):
        return builder()


@cache
def blueprint(architecture: str) -> Backbone:
    """Return the backbone on the meta device: levels, names, shapes, dtypes, no values. Not to be changed."""
    builder = _builders().get(architecture)
    if builder is None:
        raise BackboneError(f"unknown architecture {architecture!r}; known: {', '.join(architectures())}")
    with torch.device("meta"):
        return builder()
