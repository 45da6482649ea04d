"""Exactly one trunk is taken. None, or more than one that differ, is an error that says what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.candidates import Candidate, candidates, same_values, splits
from lovt_bench.benchmark.backbone.understand.dialects import Reading
from lovt_bench.benchmark.backbone.understand.differs import known_by_name, problems
from lovt_bench.benchmark.backbone.understand.find import fitting_names
from lovt_bench.benchmark.backbone.understand.outline import Outline
from lovt_bench.benchmark.backbone.understand.report import show, some

SHOWN = 8
"""Candidates that a message lists."""


def choose(
    tensors: Mapping[str, Tensor], readings: Sequence[Reading], outline: Outline, encoder: str | None
) -> tuple[Candidate, tuple[str, ...]]:
    """Return the only trunk of a checkpoint and sentences about copies of it.

    Args:
        tensors: By dotted name.
        readings: The same, under the names that they stand for.
        outline: Outline of the architecture.
        encoder: Prefix, or whole dotted parts of it, that picks one of several; `.` for no prefix.

    Raises:
        BackboneError: None fits (naming keys, what was expected and found) or several do (listing them).
    """
    architecture = outline.architecture
    every = candidates(readings, outline)
    wanted = every if encoder is None else _picked(every, encoder)
    fitting = [one for one in wanted if one.fits]
    if not fitting:
        raise BackboneError(_why_none(readings, outline, every, wanted, encoder))
    first, *others = fitting
    if differing := [one for one in others if not same_values(tensors, first, one)]:
        choices = "; ".join(
            f"--encoder {show(one.label)} ({len(one.found)} tensors)" for one in [first, *differing][:SHOWN]
        )
        more = f" and {len(differing) + 1 - SHOWN} more" if len(differing) >= SHOWN else ""
        raise BackboneError(
            f"{len(differing) + 1} encoders fit {architecture} and differ; say which one is meant: {choices}{more}"
        )
    notes = (
        (f"the same trunk, bit for bit, lies at {some(one.label for one in others)}, too",) if others else ()
    )
    return first, notes


def _picked(every: Sequence[Candidate], encoder: str) -> list[Candidate]:
    """Return the candidates at that prefix, as it is or as messages show it; else those that hold its parts.

    What a message shows may end with a dot: a last part of white space is not shown.
    """
    label = encoder.removesuffix(".") or "."
    for wanted in (encoder, label):
        for spelled in (lambda name: name, show):
            if exact := [one for one in every if spelled(one.label) == wanted]:
                return exact
    return [one for one in every if f".{label}." in f".{one.label}."]


def _alike(reading: Reading, outline: Outline) -> str:
    """Return how many tensors have the ending of a name and the shape of one of an architecture's."""
    longest = max(name.count(".") for name in outline.shapes) + 1
    count = sum(
        any(outline.shapes.get(rest) == source.shape for _, rest in splits(name, longest))
        for name, source in reading.sources.items()
    )
    return f"{count:,}" if count else "none"


def _why_none(
    readings: Sequence[Reading],
    outline: Outline,
    every: Sequence[Candidate],
    wanted: Sequence[Candidate],
    encoder: str | None,
) -> str:
    tensors, architecture = readings[0].sources, outline.architecture
    fitting = [one for one in every if one.fits]
    if encoder is not None and not wanted:
        there = some((one.label for one in fitting or every), SHOWN) or "none"
        return f"no encoder at {show(encoder)}; trunks of {architecture} in this file: {there}"
    if wanted and wanted[0].is_near:
        text = problems(wanted[0], architecture)
    else:
        text = (
            f"no trunk of {architecture}: {_alike(readings[0], outline)} of the {len(tensors):,} tensors "
            f"have its names and shapes; the file holds {some(tensors, 4)}"
        )
    if known := known_by_name(tensors):
        return f"{text}. {known}"
    if encoder is None and (others := [name for name in fitting_names(readings) if name != architecture]):
        which = f"--arch {others[0]}" if len(others) == 1 else "the one that it is with --arch"
        text += f". The file fits {', '.join(others)}: pass {which}"
    elif encoder is not None and fitting:
        text += f". Others fit: {some((one.label for one in fitting), SHOWN)}"
    elif architecture.startswith("hf."):  # nobody types its sizes: a configuration says them
        text += (
            ". The configuration is not that of these weights, or one of them is not whole: copy both anew. With "
            "--arch NAME, of a network of timm or torchvision, it is not asked"
        )
    return text
