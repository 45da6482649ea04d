"""What an architecture's trunk looks like, without the network: enough to find it in a file, and quick to send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import torch
from pydantic import JsonValue
from torch import nn

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.signatures import is_plain_transformer
from lovt_bench.benchmark.backbone.tokens.tables import PositionTable


@dataclass(frozen=True)
class Outline:
    """An architecture's tensors and modules, by name."""

    architecture: str
    options: Mapping[str, JsonValue] | None
    """What completes the architecture's name, as it was given (`registry.build`)."""
    shapes: Mapping[str, tuple[int, ...]]
    """Shapes of its state dict, in its order."""
    dtypes: Mapping[str, str]
    """The same tensors': `float32`, `int64`."""
    children: tuple[str, ...]
    """Its modules in their order."""
    first: str | None
    """The weight that sees the image's three channels."""
    discarded: frozenset[str]
    """Names within its modules that belong to the classifier."""
    saved: Mapping[str, str]
    """How the library that owns it names its tensors in files, each with its name here; empty: as here."""
    packed: Mapping[str, tuple[str, ...]]
    """Names in such files that hold several of its tensors, one behind the other along the first axis."""
    tables: Mapping[str, PositionTable]
    """Its tables of positions of which the network itself says how they are resampled."""

    @property
    def takes_positions(self) -> bool:
        """Whether options state by which rule its table of positions is resampled (`architectures.timm_tokens`)."""
        return self.architecture.startswith("timm.") and is_plain_transformer(self.shapes)

    def dtype(self, name: str) -> torch.dtype:
        """Return the type of a tensor's values."""
        found = getattr(torch, self.dtypes[name])
        assert isinstance(found, torch.dtype)
        return found


def outline_of(architecture: str, options: registry.Options | None = None) -> Outline:
    """Return the outline of an architecture.

    Raises:
        BackboneError: There is no architecture of that name, or it does not take these options.
    """
    return _outline(architecture, None if options is None else json.dumps(options, sort_keys=True))


@cache
def _outline(architecture: str, stated: str | None) -> Outline:
    options = None if stated is None else json.loads(stated)
    plan = registry.blueprint(architecture, options)
    state = plan.state_dict()
    return Outline(
        architecture=architecture,
        options=options,
        shapes={name: tuple(tensor.shape) for name, tensor in state.items()},
        dtypes={name: str(tensor.dtype).removeprefix("torch.") for name, tensor in state.items()},
        children=tuple(name for name, _ in plan.named_children()),
        first=next(
            (
                f"{name}.weight"
                for name, module in plan.named_modules()
                if isinstance(module, nn.Conv2d) and module.in_channels == 3 and module.groups == 1
            ),
            None,
        ),
        discarded=plan.discarded,
        saved=dict(plan.saved_names),
        packed=dict(plan.packed_names),
        tables=dict(plan.position_tables),
    )
