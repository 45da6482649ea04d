"""From a checkpoint to a backbone, in one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmark.backbone import registry
from benchmark.backbone.model import Backbone
from benchmark.backbone.understand.choose import choose
from benchmark.backbone.understand.flatten import flatten
from benchmark.backbone.understand.layouts import OPTIONAL
from benchmark.backbone.understand.read import read_checkpoint
from benchmark.backbone.understand.report import Report, dropped_groups, names_of
from benchmark.backbone.understand.take import take


@dataclass(frozen=True)
class Understood:
    """The trunk of a checkpoint."""

    state: Mapping[str, Tensor]
    """Exactly the architecture's state dict, float32, contiguous."""
    report: Report

    def backbone(self) -> Backbone:
        """Return it as a backbone in eval mode on the CPU; torch's generators are left as they are."""
        with torch.random.fork_rng(devices=[]):
            backbone = registry.build(self.report.architecture)
        backbone.load_state_dict(dict(self.state))
        return backbone.eval()


def understand(content: object, architecture: str, encoder: str | None = None) -> Understood:
    """Return the image trunk of a registered architecture that nested tensors hold.

    Args:
        content: dictionaries and lists, nested or flat, with tensors somewhere in them.
        architecture: name in the registry.
        encoder: picks one where several fit.

    Raises:
        BackboneError: no such architecture, no trunk, more than one, or values that are no weights.
    """
    registry.blueprint(architecture)
    flat = flatten(content)
    chosen, copies = choose(flat.tensors, architecture, encoder)
    state, sentences = take(flat.tensors, chosen, architecture)
    report = Report(
        architecture=architecture,
        encoder=chosen.label,
        layout=chosen.layout.name,
        matched=tuple(name for name in state if name in chosen.found),
        dropped=dropped_groups(
            names_of(flat.tensors, [*chosen.found.values(), *chosen.harmless]), chosen.prefix
        ),
        missing=tuple(name for name in state if name.endswith(OPTIONAL) and name not in chosen.found),
        unexpected=chosen.harmless,
        conversions=(*flat.notes, *sentences, *copies),
    )
    return Understood(state, report)


def understand_file(path: Path, architecture: str, encoder: str | None = None) -> Understood:
    """Return the image trunk that a weight file holds; see `understand`.

    Raises:
        BackboneError: the file is none, is refused, or `understand` raises it.
    """
    registry.blueprint(architecture)
    return understand(read_checkpoint(path), architecture, encoder)
