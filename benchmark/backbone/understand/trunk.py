"""From a checkpoint to a backbone, in one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from pydantic import JsonValue, TypeAdapter, ValidationError
from safetensors.torch import save
from torch import Tensor

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.apart import read_apart
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.backbone.same_tensors import ambiguity
from lovt_bench.benchmark.backbone.understand.candidates import Candidate
from lovt_bench.benchmark.backbone.understand.choose import choose
from lovt_bench.benchmark.backbone.understand.configured import configured
from lovt_bench.benchmark.backbone.understand.dialects import readings
from lovt_bench.benchmark.backbone.understand.find import find
from lovt_bench.benchmark.backbone.understand.flatten import Flat, flatten
from lovt_bench.benchmark.backbone.understand.folders import WeightFiles, open_weights
from lovt_bench.benchmark.backbone.understand.guard import kind_of
from lovt_bench.benchmark.backbone.understand.layouts import OPTIONAL
from lovt_bench.benchmark.backbone.understand.outline import Outline, outline_of
from lovt_bench.benchmark.backbone.understand.questions import check_heads, check_strides, taken_for_granted
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
            backbone = registry.build(self.report.architecture, self.report.options)
        backbone.load_state_dict(dict(self.state))
        return backbone.eval()


def understand(
    content: object,
    architecture: str | None,
    encoder: str | None = None,
    options: registry.Options | None = None,
) -> Understood:
    """Return the image trunk of a registered architecture that nested tensors hold.

    Args:
        content: Dictionaries and lists, nested or flat, with tensors somewhere in them.
        architecture: Name in the registry; None: the one that names and shapes fit.
        encoder: Picks one where several fit.
        options: What completes the architecture's name.

    Raises:
        BackboneError: No such architecture, no trunk, more than one, or values that are no weights.
    """
    outline = None if architecture is None else outline_of(architecture, options)
    return _told(_understand(flatten(content), outline, encoder, options))


def understand_file(
    weights: Path | WeightFiles,
    architecture: str | None,
    encoder: str | None = None,
    options: registry.Options | None = None,
) -> Understood:
    """Return the image trunk that a file or a folder of weights holds, read in a process apart; see `understand`.

    Raises:
        BackboneError: A file is none, is refused, took more time or memory than its size warrants, or `understand`
            raises it.
    """
    weights = open_weights(weights) if isinstance(weights, Path) else weights
    for path in weights.files:
        kind_of(path)
    said: tuple[str, ...] = ()
    if architecture is None and (named := configured(weights)) is not None:
        architecture, stated = named
        options = options if stated is None else {**stated, **(options or {})}
        said = (f"{architecture or _listed(stated)} by the configuration in the folder",)
    outline = None if architecture is None else outline_of(architecture, options)
    sent = None if outline is None else asdict(outline) | {"discarded": list(outline.discarded)}

    def report_of(said: Any) -> WeightsReport:
        try:
            return _REPORT.validate_python(said)
        except ValidationError as error:
            raise BackboneError(f"{clean_text(weights.name, 80)}: reading it gave no report") from error

    arguments = {"outline": sent, "encoder": encoder, "options": options}
    report, state = read_apart(f"{__name__}:{trunk_work.__name__}", weights, outline, arguments, report_of)
    told = replace(report, found=(*said, *report.found), conversions=(*weights.notes, *report.conversions))
    return _told(Understood(state, told))


def _listed(options: registry.Options | None) -> str:
    return ", ".join(f"{name}={value}" for name, value in (options or {}).items())


def trunk_work(
    files: list[str],
    index: str | None,
    outline: dict[str, Any] | None,
    encoder: str | None,
    options: dict[str, Any] | None,
) -> Work:
    """Yield once when the files are read, then the report and the state dict; see `read_apart`."""
    content = read_all([Path(path) for path in files], None if index is None else Path(index))
    flat = flatten(content.value)
    flat = replace(flat, notes=(*content.notes, *flat.notes))
    yield Answer(None)
    known = None if outline is None else _OUTLINE.validate_python(outline)
    found = _understand(flat, known, encoder, options)
    yield Answer(asdict(found.report), save(dict(found.state)))


def _understand(
    flat: Flat, outline: Outline | None, encoder: str | None, options: registry.Options | None
) -> Understood:
    every = list(readings(flat.tensors))
    said: tuple[str, ...] = ()
    named = outline is not None
    if outline is None:
        outline, said = find(every, encoder, options)
    chosen, copies = choose(flat.tensors, every, outline, encoder)
    if not named:
        check_strides(chosen, outline)
    check_heads(flat.tensors, chosen, outline)
    state, sentences = take(flat.tensors, chosen, outline)
    report = WeightsReport(
        architecture=outline.architecture,
        options=completed(outline, chosen),
        encoder=chosen.label,
        layout=chosen.layout.name,
        matched=tuple(name for name in state if name in chosen.found),
        dropped=dropped_groups(names_of(flat.tensors, [*chosen.taken, *chosen.harmless]), chosen.prefix),
        missing=tuple(name for name in state if name.endswith(OPTIONAL) and name not in chosen.found),
        unexpected=chosen.harmless,
        found=(*said, *taken_for_granted(chosen, outline)),
        conversions=(*flat.notes, *sentences, *copies),
    )
    return Understood(state, report)


def completed(outline: Outline, chosen: Candidate) -> dict[str, JsonValue] | None:
    """Return the options of a network with the rule and the grid of the file's table of positions, where it has one."""
    options = None if outline.options is None else dict(outline.options)
    if chosen.native_grid is None or not outline.takes_positions:
        return options
    return {"positions": chosen.positions, "native_grid": chosen.native_grid} | (options or {})


def _told(found: Understood) -> Understood:
    """Return it with what else its tensors could be of."""
    return replace(found, report=replace(found.report, ambiguity=ambiguity(found.report.architecture)))
