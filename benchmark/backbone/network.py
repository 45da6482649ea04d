"""The facts of a network (`NetworkFacts`), counted on the meta device: nothing is computed, nothing is allocated.

`python -m lovt_bench.benchmark.backbone.network` writes the file of what listings name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from pydantic import JsonValue
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.contract.network import LISTED, NetworkFacts, listed_networks
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.log import logger

SIDE = 224
"""Side of the published protocol in pixels."""

_ATTENTION = ("attention", "bmm")
"""In names of operators that multiply activations with activations; convolutions and linear layers have other ones."""

_SIDES = ("image_size", "img_size")
"""Keys under which configurations say what images a network takes; it was trained on them if nothing else is said."""


def network_facts(architecture: str, options: registry.Options | None = None) -> NetworkFacts:
    """Return the facts of an architecture, of a listed one without building it.

    Raises:
        BackboneError: There is no such architecture, or it does not take these options.
    """
    known = listed_networks().get(architecture) if options is None else None
    return known or count(registry.blueprint(architecture, options))


def count(backbone: Backbone) -> NetworkFacts:
    """Return the facts of a backbone on the meta device; one that cannot run there has no count of multiply-adds."""
    side = backbone.fixed_side or SIDE
    counter = FlopCounterMode(display=False)
    training = backbone.training
    try:
        with torch.no_grad(), counter:
            backbone.eval()(torch.empty(1, 3, side, side, device="meta"))
    except (RuntimeError, NotImplementedError) as error:
        logger.warning(
            "%s: its multiply-adds are not known, %s", backbone.architecture, str(error).split("\n")[0]
        )
    finally:
        backbone.train(training)
    counted = {
        str(operator): flops for operator, flops in counter.get_flop_counts().get("Global", {}).items()
    }
    attends = any(word in operator for operator in counted for word in _ATTENTION)
    total = sum(counted.values())
    return NetworkFacts(
        family="transformer" if attends else "CNN",
        patch=_patch(backbone) if attends else None,
        gmac=float(f"{total / 2e9:.4g}") if total else None,
        native_side=native_side(backbone.options or {}, getattr(backbone, "patch", None)),
    )


def native_side(options: Mapping[str, JsonValue], patch: int | None = None) -> int | None:
    """Return the side of the images that a network was trained on; of an image that is no square the longer one.

    Args:
        options: That complete the architecture's name. A configuration in them has its `image_size` changed to the side
            of the benchmark, so what says the native one goes first.
        patch: Side of a patch in pixels, where the network gives tokens.
    """
    if stated := _whole(options.get("native_side")):
        return max(stated)
    if patch and (grid := _whole(options.get("native_grid"))):
        return max(grid) * patch
    return _configured_side(options)


def _configured_side(options: Mapping[str, JsonValue]) -> int | None:
    for key, value in options.items():
        if key in _SIDES and (sides := _whole(value)):
            return max(sides)
        if isinstance(value, dict) and (inner := _configured_side(value)):
            return inner
    return None


def _whole(value: JsonValue) -> list[int]:
    """Return the positive whole numbers of a value, or of a list of values."""
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, int) and not isinstance(each, bool) and each > 0]


def _patch(backbone: nn.Module) -> int | None:
    """Return the side of the patches that the first convolution cuts; None where its windows overlap."""
    first: Any = next((module for module in backbone.modules() if isinstance(module, nn.Conv2d)), None)
    cuts = first is not None and first.kernel_size == first.stride
    return int(first.stride[0]) if cuts else None


def write_listed() -> None:
    """Write the facts of all listed architectures anew."""
    found = {name: count(registry.blueprint(name)) for name in registry.architectures()}
    facts = {name: one.model_dump(exclude_none=True) for name, one in found.items()}
    write_text(LISTED, json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    write_listed()
