"""Architectures by name. A new one is a new file in `architectures/` and no edit elsewhere."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import torch
from pydantic import JsonValue

import lovt_bench.benchmark.backbone.architectures as families
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError, Summary
from lovt_bench.benchmark.backbone.tokens.model import TokenBackbone
from lovt_bench.benchmark.contract.unknown import unknown

Builder = Callable[[], Backbone]
Options = Mapping[str, JsonValue]
"""What completes an architecture's name: for example a configuration (`BackboneManifest.options`)."""


@dataclass(frozen=True)
class _Tables:
    builders: Mapping[str, Builder]
    """Builders of the listed architectures."""
    summaries: Mapping[str, Summary]
    families: Mapping[str, Callable[[str, Options | None], Builder]]
    """By prefix: families that have more architectures than they list."""
    unlisted: Mapping[str, str]
    """For an architecture, networks with its tensors that no family has, in words."""


@cache
def _tables() -> _Tables:
    builders: dict[str, Builder] = {}
    summaries: dict[str, Summary] = {}
    prefixed: dict[str, Callable[[str, Options | None], Builder]] = {}
    unlisted: dict[str, str] = {}
    for module in pkgutil.iter_modules(families.__path__):
        if module.name.startswith("_"):
            continue
        family = importlib.import_module(f"{families.__name__}.{module.name}")
        for name, builder in family.ARCHITECTURES.items():
            if name in builders:
                raise RuntimeError(
                    f"architecture {name!r} is defined twice, the second time in {module.name}.py"
                )
            builders[name] = builder
        summaries |= getattr(family, "SUMMARIES", {})
        unlisted |= getattr(family, "UNLISTED", {})
        if prefix := getattr(family, "PREFIX", ""):
            prefixed[prefix] = family.named
    return _Tables(builders, summaries, prefixed, unlisted)


def architectures() -> list[str]:
    """Return the names of all listed architectures, sorted; `is_known` knows more."""
    return sorted(_tables().builders)


def is_known(architecture: str) -> bool:
    """Return whether a name is listed, or belongs to a family that looks names up when it builds."""
    return architecture in _tables().builders or architecture.startswith(tuple(_tables().families))


def summary(architecture: str) -> Summary:
    """Return parameters and levels; quick for listed architectures.

    Raises:
        BackboneError: There is no architecture of that name.
    """
    if known := _tables().summaries.get(architecture):
        return known
    plan = blueprint(architecture)
    patch = plan.patch if isinstance(plan, TokenBackbone) else None
    return Summary(plan.parameter_count, plan.levels, next(iter(plan.state_dict())), patch)


def unlisted(architecture: str) -> str:
    """Return in words which networks have an architecture's tensors and are no architecture here; empty for none."""
    return _tables().unlisted.get(architecture, "")


def summarised() -> frozenset[str]:
    """Return the architectures that listings know without building them, because that takes a while."""
    return frozenset(_tables().summaries)


def build(architecture: str, options: Options | None = None) -> Backbone:
    """Return a new backbone with its family's default initialisation, in train mode on the CPU.

    Draws from torch's global CPU generator; `sources.random_draw` draws from a seed instead.

    Args:
        architecture: Its name.
        options: What completes the name; None for what its family takes by default.

    Raises:
        BackboneError: There is no architecture of that name, or it does not take these options.
    """
    with torch.device("cpu"):
        return _builder(architecture, options)()


def blueprint(architecture: str, options: Options | None = None) -> Backbone:
    """Return the backbone on the meta device: levels, names, shapes, dtypes, no values. Not to be changed."""
    return _blueprint(architecture, None if options is None else json.dumps(options, sort_keys=True))


@cache
def _blueprint(architecture: str, options: str | None) -> Backbone:
    with torch.device("meta"):
        return _builder(architecture, None if options is None else json.loads(options))()


def _builder(architecture: str, options: Options | None) -> Builder:
    tables = _tables()
    if options is None and architecture in tables.builders:
        return tables.builders[architecture]
    for prefix, named in tables.families.items():
        if architecture.startswith(prefix):
            return named(architecture, options)
    if architecture in tables.builders:
        raise BackboneError(f"{architecture} takes no options, found {', '.join(sorted(options or ()))}")
    more = "".join(
        f", and any other {prefix}NAME that has the strides or tokens" for prefix in tables.families
    )
    raise BackboneError(unknown("architecture", architecture, architectures()) + more)
