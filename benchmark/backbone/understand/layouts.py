"""How others name the tensors of an architecture, where its own names say which is which. Values stay.

`dialects.py` has the libraries whose names are turned into timm's before an architecture is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from lovt_bench.benchmark.backbone.tokens.positions import PositionRule
from lovt_bench.benchmark.backbone.understand.outline import Outline

OPTIONAL = ".num_batches_tracked"
"""Ends the names that may be missing: nothing reads them as long as BN has a fixed momentum."""


SAVED = "the names that the library which owns the network writes into files"


@dataclass(frozen=True)
class Layout:
    """One way to name the trunk."""

    name: str
    """For the report: `torchvision` or what else names them so."""
    theirs: Mapping[str, str]
    """Name in the file (without prefix): name in the architecture's state dict."""
    own: bool = False
    """Whether they are the architecture's own names, so that pieces may be cut and joined."""
    packed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names in the file that hold several tensors of the architecture, one behind the other."""
    positions: PositionRule | None = None
    """The rule by which position tables are resampled; None: what the file's names say."""

    @cached_property
    def modules(self) -> frozenset[str]:
        """First parts of names that belong to the trunk; what else begins with them is unexpected."""
        return frozenset(name.split(".", 1)[0] for name in self.theirs)


def own_layout(outline: Outline, name: str) -> tuple[Layout]:
    """Return an architecture's own names, which another library's were turned into before."""
    return (Layout(name, {our: our for our in outline.shapes}, own=True),)


def layouts_of(outline: Outline) -> tuple[Layout, ...]:
    """Return the ways to name an architecture's tensors that are known, its own first."""
    ours = list(outline.shapes)
    numbers = {name: str(k) for k, name in enumerate(outline.children)}
    ways: list[tuple[str, Callable[[str], str]]] = [
        ("the architecture's own names (torchvision, timm, VISSL, MMPretrain)", _own),
        (
            "numbered children, as in nn.Sequential(*list(resnet.children())[:-1])",
            lambda name: _first(name, numbers),
        ),
        ("stem as layer0", lambda name: _first(name, {"conv1": "layer0.0", "bn1": "layer0.1"})),
        ("stem as a Sequential", lambda name: _first(name, {"conv1": "stem.0", "bn1": "stem.1"})),
        ("Hugging Face transformers' ResNetModel", _transformers),
    ]
    layouts: list[Layout] = []
    if outline.saved:
        layouts.append(Layout(SAVED, outline.saved, packed=outline.packed, positions="bicubic"))
    for name, way in ways:
        theirs = {way(our): our for our in ours}
        if len(theirs) == len(ours) and all(theirs != layout.theirs for layout in layouts):
            layouts.append(Layout(name, theirs, own=way is _own))
    return tuple(layouts)


def _own(name: str) -> str:
    return name


def _first(name: str, renamed: Mapping[str, str]) -> str:
    head, dot, rest = name.partition(".")
    return renamed.get(head, head) + dot + rest


def _transformers(name: str) -> str:
    """`layer2.0.bn3.weight` -> `encoder.stages.1.layers.0.layer.2.normalization.weight`."""
    kinds = {"conv": "convolution", "bn": "normalization", "0": "convolution", "1": "normalization"}
    if stem := re.fullmatch(r"(conv|bn)1\.(\w+)", name):
        return f"embedder.embedder.{kinds[stem[1]]}.{stem[2]}"
    if block := re.fullmatch(r"layer(\d)\.(\d+)\.(?:(conv|bn)(\d)|downsample\.([01]))\.(\w+)", name):
        stage, number, kind, place, shortcut, rest = block.groups()
        where = f"layer.{int(place) - 1}.{kinds[kind]}" if kind else f"shortcut.{kinds[shortcut]}"
        return f"encoder.stages.{int(stage) - 1}.layers.{number}.{where}.{rest}"
    return name
