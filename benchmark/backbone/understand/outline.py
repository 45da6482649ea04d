"""What an architecture's trunk looks like, without the network: enough to find it in a file, and quick to send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from lovt_bench.benchmark.backbone import registry


@dataclass(frozen=True)
class Outline:
    """An architecture's tensors and modules, by name."""

    architecture: str
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

    def dtype(self, name: str) -> torch.dtype:
        """Return the type of a tensor's values."""
        found = getattr(torch, self.dtypes[name])
        assert isinstance(found, torch.dtype)
        return found


@cache
def outline_of(architecture: str) -> Outline:
    """Return the outline of an architecture.

    Raises:
        BackboneError: There is no architecture of that name.
    """
    plan = registry.blueprint(architecture)
    state = plan.state_dict()
    return Outline(
        architecture=architecture,
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
    )
