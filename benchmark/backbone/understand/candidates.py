"""Where in a checkpoint an architecture's trunk could be: prefixes that follow from matching, not from a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.understand.layouts import OPTIONAL, Layout, layouts_of
from lovt_bench.benchmark.backbone.understand.outline import Outline

HARMLESS = ("total_ops", "total_params")
"""Last parts of names that profilers leave beside weights."""


CANDIDATE_LIMIT = 64
"""Prefixes per layout that are looked at closely, those with the most names first."""


@dataclass(frozen=True)
class Candidate:
    """The tensors below one prefix, read in one layout."""

    prefix: str
    """Empty, or ends with a dot."""
    layout: Layout
    found: Mapping[str, str]
    """Name in the architecture's state dict: full name in the file."""
    missing: tuple[str, ...]
    """Full names that the file lacks, those that may be missing left out."""
    misshaped: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    """Full name, shape expected, shape found."""
    unexpected: tuple[str, ...]
    """Full names in the trunk's own modules that the architecture does not have."""
    harmless: tuple[str, ...]
    """Full names in the trunk's own modules that are left out."""
    one_channel: str | None
    """Name in the architecture of a first convolution that takes one channel in the file."""

    @property
    def fits(self) -> bool:
        """Whether every tensor of the trunk is there in its shape, and nothing else in its modules."""
        return not (self.missing or self.misshaped or self.unexpected)

    @cached_property
    def agreement(self) -> int:
        """Number of tensors whose name and shape agree."""
        return len(self.found) - len(self.misshaped)

    @property
    def label(self) -> str:
        """What `--encoder` takes for it."""
        return self.prefix.removesuffix(".") or "."


def candidates(tensors: Mapping[str, Tensor], outline: Outline) -> list[Candidate]:
    """Return every prefix and layout below which tensors have the trunk's names, the best first.

    Args:
        tensors: By dotted name.
        outline: Outline of the architecture.
    """
    found: list[Candidate] = []
    if len(tensors) < len(outline.shapes) // 10:
        return []
    for layout in layouts_of(outline):
        hits: dict[str, dict[str, str]] = {}
        longest = max(their.count(".") for their in layout.theirs) + 1
        for name in tensors:
            for prefix, rest in _splits(name, longest):
                if rest in layout.theirs:
                    hits.setdefault(prefix, {})[layout.theirs[rest]] = name
        least = len(layout.theirs) // 10
        best = sorted(hits.items(), key=lambda hit: -len(hit[1]))[:CANDIDATE_LIMIT]
        found += [
            _examine(tensors, outline, layout, prefix, names) for prefix, names in best if len(names) >= least
        ]
    return sorted(found, key=lambda one: (not one.fits, -one.agreement))


def _splits(name: str, longest: int) -> Iterator[tuple[str, str]]:
    """Yield the last 1 … `longest` dotted parts of a name, each with the prefix before them."""
    dot = len(name)
    for _ in range(longest):
        dot = name.rfind(".", 0, dot)
        yield name[: dot + 1], name[dot + 1 :]
        if dot < 0:
            return


def _examine(
    tensors: Mapping[str, Tensor], outline: Outline, layout: Layout, prefix: str, names: Mapping[str, str]
) -> Candidate:
    one_channel = None
    misshaped = []
    for our, full in names.items():
        wanted, shape = outline.shapes[our], tuple(tensors[full].shape)
        if our == outline.first and shape == (wanted[0], 1, *wanted[2:]):
            one_channel = our
        elif shape != wanted and not (our.endswith(OPTIONAL) and shape == (1,)):
            misshaped.append((full, wanted, shape))
    missing = tuple(
        prefix + their
        for their, our in layout.theirs.items()
        if our not in names and not our.endswith(OPTIONAL)
    )
    strange = [
        name
        for name in tensors
        if name.startswith(prefix)
        and name[len(prefix) :].split(".", 1)[0] in layout.modules
        and name[len(prefix) :] not in layout.theirs
        and name[len(prefix) :] not in outline.discarded
    ]
    harmless = tuple(name for name in strange if name.rsplit(".", 1)[-1] in HARMLESS)
    return Candidate(
        prefix=prefix,
        layout=layout,
        found=names,
        missing=missing,
        misshaped=tuple(misshaped),
        unexpected=tuple(name for name in strange if name not in harmless),
        harmless=harmless,
        one_channel=one_channel,
    )


def is_plain(tensor: Tensor) -> bool:
    """Return whether a tensor has values that can be read as they are: dense, on the CPU, not quantised."""
    return tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized


def same_values(tensors: Mapping[str, Tensor], one: Candidate, other: Candidate) -> bool:
    """Return whether two candidates that fit hold the same trunk, bit for bit."""
    pairs = [
        (tensors[full], tensors[other.found[our]])
        for our, full in one.found.items()
        if not our.endswith(OPTIONAL)
    ]
    return all(is_plain(a) and is_plain(b) and a.dtype == b.dtype and torch.equal(a, b) for a, b in pairs)
