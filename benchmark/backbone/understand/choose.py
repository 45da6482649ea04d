"""Exactly one trunk is taken. None, or more than one that differ, is an error that says what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.same_tensors import same_tensors
from lovt_bench.benchmark.backbone.understand.candidates import Candidate, candidates, same_values
from lovt_bench.benchmark.backbone.understand.outline import Outline, outline_of
from lovt_bench.benchmark.backbone.understand.report import show, some

STATISTICS = (".running_mean", ".running_var")
"""Ends the names of what batch normalisation measured in training."""

SHOWN = 8
"""Candidates that a message lists."""


def choose(
    tensors: Mapping[str, Tensor], outline: Outline, encoder: str | None
) -> tuple[Candidate, tuple[str, ...]]:
    """Return the only trunk of a checkpoint and sentences about copies of it.

    Args:
        tensors: By dotted name.
        outline: Outline of the architecture.
        encoder: Prefix, or whole dotted parts of it, that picks one of several; `.` for no prefix.

    Raises:
        BackboneError: None fits (naming keys, what was expected and found) or several do (listing them).
    """
    architecture = outline.architecture
    every = candidates(tensors, outline)
    wanted = every if encoder is None else _picked(every, encoder)
    fitting = [one for one in wanted if one.fits]
    if not fitting:
        raise BackboneError(_why_none(tensors, architecture, every, wanted, encoder))
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


def _why_none(
    tensors: Mapping[str, Tensor],
    architecture: str,
    every: Sequence[Candidate],
    wanted: Sequence[Candidate],
    encoder: str | None,
) -> str:
    fitting = [one for one in every if one.fits]
    if encoder is not None and not wanted:
        there = some((one.label for one in fitting or every), SHOWN) or "none"
        return f"no encoder at {show(encoder)}; trunks of {architecture} in this file: {there}"
    if wanted and wanted[0].agreement:
        text = _problems(wanted[0], architecture)
    else:
        text = (
            f"no trunk of {architecture}: below no prefix is there a tenth of its tensors by name and shape; "
            f"the file holds {len(tensors):,} tensors: {some(tensors, 4)}"
        )
    if encoder is None and (others := _other_architectures(tensors, architecture)):
        which = f"--arch {others[0]}" if len(others) == 1 else "the one that it is with --arch"
        text += f". The file fits {', '.join(others)}: pass {which}"
    elif encoder is not None and fitting:
        text += f". Others fit: {some((one.label for one in fitting), SHOWN)}"
    return text


def _problems(one: Candidate, architecture: str) -> str:
    """Return why a candidate does not fit, naming keys."""
    parts = []
    if one.missing:
        parts.append(f"{len(one.missing)} tensors are missing: {some(one.missing)}")
    if one.misshaped:
        shapes = "; ".join(
            f"{show(name)} expected {list(wanted)}, found {_shape(found)}"
            for name, wanted, found in one.misshaped[:3]
        )
        more = f" and {len(one.misshaped) - 3} more" if len(one.misshaped) > 3 else ""
        parts.append(f"{len(one.misshaped)} tensors have another shape: {shapes}{more}")
    if one.unexpected:
        parts.append(f"{len(one.unexpected)} tensors within the trunk are unexpected: {some(one.unexpected)}")
    return (
        f"the best match for {architecture} lies at {show(one.label)} ({show(one.layout.name)}), but "
        + "; ".join(parts)
        + _advice(one)
    )


def _advice(one: Candidate) -> str:
    """Return what to do about a candidate that does not fit, where what is wrong is a known mistake."""
    if one.missing and not one.misshaped and all(name.endswith(STATISTICS) for name in one.missing):
        return (
            ". The statistics of batch normalisation are buffers, not parameters: save model.state_dict(), "
            "not named_parameters()"
        )
    swapped = [
        len(wanted) == 4 and wanted != found and sorted(wanted) == sorted(found)
        for _, wanted, found in one.misshaped
    ]
    if swapped and all(swapped):
        return (
            ". The axes of the convolutions lie in another order, as in TensorFlow and JAX: save them as "
            "(out, in, height, width), for example weight.transpose(3, 2, 0, 1)"
        )
    return ""


def _shape(shape: tuple[int, ...]) -> str:
    return str(list(shape)) if len(shape) <= 6 else f"{len(shape)} dimensions"


def _other_architectures(tensors: Mapping[str, Tensor], architecture: str) -> list[str]:
    """Return the architectures that fit: listed ones, and those that tensors cannot tell from them.

    Where a network is slow to build, it is looked at only if its first name occurs.
    """
    names = [name for name in registry.architectures() if name != architecture]
    fitting = [
        name
        for name in names
        if (
            name not in registry.summarised()
            or any(_ends(full, registry.summary(name).first) for full in tensors)
        )
        and any(one.fits for one in candidates(tensors, outline_of(name)))
    ]
    return list(dict.fromkeys(each for name in fitting for each in (name, *same_tensors(name))))


def _ends(full: str, name: str) -> bool:
    return f".{full}".endswith(f".{name}")
