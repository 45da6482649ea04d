"""Where a tensor comes from: one of the file as it is stored, or several that were converted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

Make = Callable[[Sequence[Tensor]], Tensor]
"""Makes one tensor of several; also of tensors without values, on the meta device."""


@dataclass(frozen=True)
class Source:
    """A tensor that a file gives, its values not looked at."""

    names: tuple[str, ...]
    """Full names in the file."""
    shape: tuple[int, ...]
    make: Make | None = None
    """From the tensors of those names, in float32; None: the one tensor as it is."""
    said: str = ""
    """What the conversion does, for the report; the same sentence is shown once."""


def stored(tensors: Mapping[str, Tensor]) -> dict[str, Source]:
    """Return every tensor as it is."""
    return {name: Source((name,), tuple(tensor.shape)) for name, tensor in tensors.items()}


def combined(parts: Sequence[Source], make: Make, said: str = "") -> Source | None:
    """Return what a conversion makes of tensors; None where their shapes do not allow it."""
    spans: list[tuple[int, int, Make | None]] = []
    names: list[str] = []
    for part in parts:
        spans.append((len(names), len(names) + len(part.names), part.make))
        names += part.names

    def whole(tensors: Sequence[Tensor]) -> Tensor:
        return make([tensors[a] if own is None else own(tensors[a:b]) for a, b, own in spans])

    try:
        with torch.device("meta"):
            shape = tuple(make([torch.empty(part.shape) for part in parts]).shape)
    except (RuntimeError, ValueError, IndexError, TypeError):
        return None
    sentences = dict.fromkeys([*(part.said for part in parts if part.said), *([said] if said else [])])
    return Source(tuple(names), shape, whole, "; ".join(sentences))


def renamed(source: Source, said: str) -> Source:
    """Return a source that the report has a sentence for."""
    return replace(source, said=said)
