"""From a checkpoint to a backbone, in one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import save
from torch import Tensor

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.apart import read_apart
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.backbone.same_tensors import ambiguity
from lovt_bench.benchmark.backbone.understand.choose import choose
from lovt_bench.benchmark.backbone.understand.flatten import Flat, flatten
from lovt_bench.benchmark.backbone.understand.folders import WeightFiles, open_weights
from lovt_bench.benchmark.backbone.understand.guard import kind_of
from lovt_bench.benchmark.backbone.understand.layouts import OPTIONAL
from lovt_bench.benchmark.backbone.understand.outline import Outline, outline_of
from lovt_bench.benchmark.backbone.understand.read import read_all
from lovt_bench.benchmark.backbone.understand.report import WeightsReport, dropped_groups, names_of
from lovt_bench.benchmark.backbone.understand.take import take
from lovt_bench.benchmark.contract.apart_inside import Answer, Work
from lovt_bench.benchmark.contract.untrusted import clean_text

_REPORT = TypeAdapter(WeightsReport)
_OUTLINE = TypeAdapter(Outline)


@dataclass(frozen=True)
class Understood:
    """The trunk of a checkpoint."""

    state: Mapping[str, Tensor]
    """Exactly the architecture's state dict, float32, contiguous."""
    report: WeightsReport

    def backbone(self) -> Backbone:
        """Return it as a backbone in eval mode on the CPU; torch's generators are left as they are."""
        with torch.random.fork_rng(devices=[]):
            backbone = registry.build(self.report.architecture)
        backbone.load_state_dict(dict(self.state))
        return backbone.eval()


def understand(content: object, architecture: str, encoder: str | None = None) -> Understood:
    """Return the image trunk of a registered architecture that nested tensors hold.

    Args:
        content: Dictionaries and lists, nested or flat, with tensors somewhere in them.
        architecture: Name in the registry.
        encoder: Picks one where several fit.

    Raises:
        BackboneError: No such architecture, no trunk, more than one, or values that are no weights.
    """
    return _told(_understand(flatten(content), outline_of(architecture), encoder))


def understand_file(weights: Path | WeightFiles, architecture: str, encoder: str | None = None) -> Understood:
    """Return the image trunk that a file or a folder of weights holds, read in a process apart; see `understand`.

    Raises:
        BackboneError: A file is none, is refused, took more time or memory than its size warrants, or `understand`
            raises it.
    """
    weights = open_weights(weights) if isinstance(weights, Path) else weights
    for path in weights.files:
        kind_of(path)
    outline = outline_of(architecture)
    arguments = {"outline": asdict(outline) | {"discarded": list(outline.discarded)}, "encoder": encoder}
    said, state = read_apart(f"{__name__}:{trunk_work.__name__}", weights, architecture, arguments)
    try:
        report = _REPORT.validate_python(said)
    except ValidationError as error:
        raise BackboneError(f"{clean_text(weights.name, 80)}: reading it gave no report") from error
    return _told(Understood(state, replace(report, conversions=(*weights.notes, *report.conversions))))


def trunk_work(files: list[str], index: str | None, outline: dict[str, Any], encoder: str | None) -> Work:
    """Yield once when the files are read, then the report and the state dict; see `read_apart`."""
    content = read_all([Path(path) for path in files], None if index is None else Path(index))
    flat = flatten(content.value)
    flat = replace(flat, notes=(*content.notes, *flat.notes))
    yield Answer(None)
    found = _understand(flat, _OUTLINE.validate_python(outline), encoder)
    yield Answer(asdict(found.report), save(dict(found.state)))


def _understand(flat: Flat, outline: Outline, encoder: str | None) -> Understood:
    chosen, copies = choose(flat.tensors, outline, encoder)
    state, sentences = take(flat.tensors, chosen, outline)
    report = WeightsReport(
        architecture=outline.architecture,
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


def _told(found: Understood) -> Understood:
    """Return it with what else its tensors could be of."""
    return replace(found, report=replace(found.report, ambiguity=ambiguity(found.report.architecture)))
