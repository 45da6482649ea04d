"""What all families of timm share: how one of its networks is built, and how a backbone takes its place."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

from torch import nn

from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.contract.unknown import nearest
from lovt_bench.benchmark.contract.untrusted import clean_text

PREFIX = "timm."

SIDE = 224
"""Side of the published protocol in pixels. A network that accepts only one side is built for this one."""

OTHER_SIDES = (64, 128)
"""Sides that are tried to find out whether a network accepts any side."""


class Adopted(Backbone):
    """Shares its tables of modules, parameters and buffers with a network of a library: tensors have its names."""

    _network: tuple[Any]

    def adopt(self, network: nn.Module) -> None:
        """Take the network's place; called once, after `__init__` of the base."""
        for table in ("_modules", "_parameters", "_buffers", "_non_persistent_buffers_set"):
            setattr(self, table, getattr(network, table))
        # The tuple hides the network from torch, which would register it as a child and prefix all names.
        self._network = (network,)

    def train(self, mode: bool = True) -> Self:
        """Set the mode of all modules and of the network itself."""
        self._network[0].training = mode
        return super().train(mode)


def create(name: str, attempts: Sequence[Mapping[str, Any]]) -> Any:
    """Return timm's network with its default initialisation, on torch's default device, without noise in training.

    Args:
        name: Name in timm's list.
        attempts: Constructor options; the first that the network accepts are taken.

    Raises:
        BackboneError: timm has no network of that name.
        TypeError: The network accepts none of the options.
    """
    import timm
    from timm.layers import DropPath

    # This check comes first: timm treats other names as addresses to download from.
    if not timm.is_model(name) or "." in name:
        raise BackboneError(_unknown(name, timm.list_models()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = _first_accepted(partial(timm.create_model, name, pretrained=False), attempts)
    for module in network.modules():
        # The protocol trains without dropout and stochastic depth.
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
        elif isinstance(module, DropPath):
            module.drop_prob = 0.0
    return network


def _first_accepted(build: Any, attempts: Sequence[Mapping[str, Any]]) -> Any:
    for options in attempts[:-1]:
        try:
            return build(**options)
        except TypeError:
            continue
    return build(**attempts[-1])


def _unknown(name: str, known: list[str]) -> str:
    bare, dot, tag = name.partition(".")
    if dot and bare in known:
        return f"{clean_text(tag, 60)} names weights, not an architecture: use {PREFIX}{bare}"
    close = nearest(name, known, 3)
    meant = f"; did you mean {', '.join(PREFIX + each for each in close)}?" if close else ""
    return f"timm has no network {clean_text(name, 60)!r}{meant}"
