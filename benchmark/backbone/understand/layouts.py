"""How other libraries name the tensors of an architecture. A layout renames; it never changes a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from lovt_bench.benchmark.backbone.understand.outline import Outline

OPTIONAL = ".num_batches_tracked"
"""Ends the names that may be missing: nothing reads them as long as BN has a fixed momentum."""


@dataclass(frozen=True)
class Layout:
    """One way to name the trunk."""

    name: str
    """For the report: `torchvision` or what else names them so."""
    theirs: Mapping[str, str]
    """Name in the file (without prefix): name in the architecture's state dict."""

    @cached_property
    def modules(self) -> frozenset[str]:
        """First parts of names that belong to the trunk; what else begins with them is unexpected."""
        return frozenset(name.split(".", 1)[0] for name in self.theirs)


def layouts_of(outline: Outline) -> tuple[Layout, ...]:
    """Return the ways to name an architecture's tensors that are known, its own first."""
    ours = list(outline.shapes)
    numbers = {name: str(k) for k, name in enumerate(outline.children)}
    ways: list[tuple[str, Callable[[str], str]]] = [
        ("the architecture's own names (torchvision, timm, VISSL, MMPretrain)", lambda name: name),
        (
            "numbered children, as in nn.Sequential(*list(resnet.children())[:-1])",
            lambda name: _first(name, numbers),
        ),
        ("stem as layer0", lambda name: _first(name, {"conv1": "layer0.0", "bn1": "layer0.1"})),
        ("stem as a Sequential", lambda name: _first(name, {"conv1": "stem.0", "bn1": "stem.1"})),
        ("Hugging Face transformers' ResNetModel", _transformers),
    ]
    layouts: list[Layout] = []
    for name, way in ways:
        theirs = {way(our): our for our in ours}
        if len(theirs) == len(ours) and all(theirs != layout.theirs for layout in layouts):
            layouts.append(Layout(name, theirs))
    return tuple(layouts)


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
