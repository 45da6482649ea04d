"""Which architecture a file holds, where nobody said so: signatures name a few, the exact comparison decides."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.signatures import (
    Signature,
    behaviour,
    difference,
    digest_of,
    signatures,
    told_digest,
)
from lovt_bench.benchmark.backbone.understand.candidates import Candidate, candidates, splits
from lovt_bench.benchmark.backbone.understand.dialects import Reading
from lovt_bench.benchmark.backbone.understand.nearest import none_fits
from lovt_bench.benchmark.backbone.understand.outline import Outline, outline_of
from lovt_bench.benchmark.backbone.understand.published import PRESETS, Preset
from lovt_bench.benchmark.backbone.understand.report import show, some
from lovt_bench.benchmark.backbone.understand.tables import NO_ROW

SHOWN = 8
NEAR = 4
"""Networks that are built to say how near they are."""
ALIKE = 1.0
"""Below it `_far` says that a network may fit all the same: parts of its classifier lie within its modules."""
PLACES = 16
"""Prefixes that are looked at for each first name."""


@dataclass(frozen=True)
class Match:
    """A network that a file holds all of, and those that compute the same."""

    outline: Outline
    others: tuple[str, ...]
    candidate: Candidate
    preset: Preset | None = None
    """What a network with these options is published as."""

    @property
    def effort(self) -> int:
        """How many kinds of conversions it takes."""
        return len({source.said for source in self.candidate.found.values() if source.said})


def find(
    readings: Sequence[Reading], encoder: str | None, options: registry.Options | None
) -> tuple[Outline, tuple[str, ...]]:
    """Return the architecture that a file's names and shapes fit, and sentences on how it was found.

    Args:
        readings: The file's tensors, under its own names and those that its dialects stand for.
        encoder: Prefix, or whole dotted parts of it, that picks one of several trunks.
        options: What completes the architecture's name.

    Raises:
        BackboneError: None fits, naming the nearest; or several that compute something else, naming them.
    """
    exact, near = _by_signature(readings, encoder)
    matches = _fitting(readings, exact, near, options)
    if not matches:
        signs = [*exact, *(sign for _, sign in near)]
        raise BackboneError(none_fits(readings, [*(sign.networks[0][0] for sign in signs), *_quick()]))
    matches = _distinct(matches, options)
    least = min(match.effort for match in matches)
    best = [match for match in matches if match.effort == least]
    usual = [match for match in best if match.outline.architecture in _quick()]
    best = usual or _completest(best, readings)
    if len(best) > 1:
        raise BackboneError(_several(best))
    return best[0].outline, tuple(_sentences(best[0]))


def _distinct(matches: Sequence[Match], options: registry.Options | None) -> list[Match]:
    """Return one of the matches that compute the same once options are said; by themselves they differ."""
    if options is None:
        return list(matches)
    found: dict[tuple[str, frozenset[tuple[str, tuple[int, ...]]]], Match] = {}
    for match in matches:
        plan = registry.blueprint(match.outline.architecture, match.outline.options)
        key = told_digest(behaviour(plan)), frozenset(match.outline.shapes.items())
        same = found.setdefault(key, match)
        if same is not match:
            names = (match.outline.architecture, *match.others)
            found[key] = replace(same, others=(*same.others, *names))
    return list(found.values())


def _completest(best: Sequence[Match], readings: Sequence[Reading]) -> list[Match]:
    """Return the matches whose head or pooling the file has, too."""
    known = [_kin(match, readings) for match in best]
    return [match for match, count in zip(best, known, strict=True) if count == max(known)]


def _kin(match: Match, readings: Sequence[Reading]) -> int:
    """Return how many tensors beside the trunk are those that the whole network has there."""
    names = set().union(*(reading.sources for reading in readings))
    return sum(match.candidate.prefix + name in names for name in match.outline.discarded)


def fitting_names(readings: Sequence[Reading]) -> list[str]:
    """Return the architectures that a file fits, one for each way of computing with its tensors."""
    return [
        match.outline.architecture
        for match in _fitting(readings, *_by_signature(readings, None), options=None)
    ]


def _fitting(
    readings: Sequence[Reading],
    exact: Sequence[Signature],
    near: Sequence[tuple[float, Signature]],
    options: registry.Options | None,
) -> list[Match]:
    for signs in (exact, [sign for far, sign in near if far < ALIKE]):
        found = [match for sign in signs for match in _matches(readings, sign, options)]
        if found := [*found, *(_presets(readings) if options is None else ())]:
            return found
    return list(_by_layouts(readings, options))


def _presets(readings: Sequence[Reading]) -> Iterator[Match]:
    """Yield published networks that are a network of timm with other sizes.

    The files of all of them have the class token's row in their position table.
    """
    patches = {
        source.shape
        for reading in readings
        for name, source in reading.sources.items()
        if name.endswith("patch_embed.proj.weight")
    }
    for preset in PRESETS:
        if preset.patch in patches:
            outline = outline_of(preset.architecture, preset.options)
            best = next(iter(candidates(readings, outline)), None)
            if best is None or not best.fits or any(NO_ROW in source.said for source in best.found.values()):
                continue
            yield Match(outline, (), best, preset)


def _quick() -> list[str]:
    """Return torchvision's networks: what most files are; taken with a sentence on those that look alike."""
    return [name for name in registry.architectures() if name not in registry.summarised()]


def _by_signature(
    readings: Sequence[Reading], encoder: str | None
) -> tuple[list[Signature], list[tuple[float, Signature]]]:
    """Return signatures that agree, and those whose first name occurs with how far they are, the nearest first."""
    firsts: dict[str, list[Signature]] = {}
    for sign in signatures():
        firsts.setdefault(sign.first, []).append(sign)
    longest = max(name.count(".") for name in firsts) + 1
    exact: dict[int, Signature] = {}
    near: dict[int, tuple[float, Signature]] = {}
    for reading in readings:
        places: dict[str, list[str]] = {}
        for full in reading.sources:
            for prefix, rest in splits(full, longest):
                if rest in firsts and _allowed(prefix, encoder):
                    places.setdefault(rest, []).append(prefix)
        for first, prefixes in places.items():
            for prefix in prefixes[:PLACES]:
                below = {
                    name[len(prefix) :]: source.shape
                    for name, source in reading.sources.items()
                    if name.startswith(prefix)
                }
                digests: dict[frozenset[str], tuple[str, int]] = {}
                for sign in firsts[first]:
                    if sign.parts not in digests:
                        digests[sign.parts] = digest_of(
                            (
                                (name, shape)
                                for name, shape in below.items()
                                if name.split(".", 1)[0] in sign.parts
                            ),
                            first,
                        )
                    digest, count = digests[sign.parts]
                    if digest == sign.digest:
                        exact[id(sign)] = sign
                    elif count:
                        score = _far(sign, below, count)
                        if id(sign) not in near or near[id(sign)][0] > score:
                            near[id(sign)] = (score, sign)
    listed = set(registry.architectures())
    nearest = sorted(near.values(), key=lambda pair: (pair[0], not _has(pair[1], listed)))
    return list(exact.values()), nearest[:NEAR]


def _has(sign: Signature, listed: set[str]) -> bool:
    return any(name in listed for names in sign.networks for name in names)


def _far(sign: Signature, below: dict[str, tuple[int, ...]], count: int) -> float:
    """Return how unlike a file and a signature are, from what little a signature says."""
    first, last = below[sign.first], below.get(sign.last)
    return (
        2.0 * (first != sign.first_shape)
        + 1.0 * (last != sign.last_shape)
        + 1.0 * (last is None)
        + abs(count - sign.tensors) / max(count, sign.tensors)
    )


def _allowed(prefix: str, encoder: str | None) -> bool:
    if encoder is None:
        return True
    wanted = encoder.removesuffix(".")
    return f".{wanted}." in f".{prefix}" if wanted else not prefix


def _matches(
    readings: Sequence[Reading], sign: Signature, options: registry.Options | None
) -> Iterator[Match]:
    """Yield for each way of computing the plainest network that the file holds exactly."""
    for names in sign.networks:
        for name in names:
            try:
                outline = outline_of(name, options)
            except BackboneError:
                continue  # it cannot be a backbone, or does not take the options
            best = next(iter(candidates(readings, outline)), None)
            if best is not None and best.fits:
                named = _as_it_calls_itself(best, names, name)
                others = tuple(each for each in names if each != named)
                yield Match(outline_of(named, options), others, best)
            break


def _as_it_calls_itself(one: Candidate, names: Sequence[str], usual: str) -> str:
    """Return which name of a network its file's layout has, as `dinov3` in DINOv3's repository; else the usual one."""
    words = one.layout.name.lower().replace("'", " ").split()
    return next((name for name in names if set(name.split("_")) & set(words)), usual)


def _by_layouts(readings: Sequence[Reading], options: registry.Options | None) -> Iterator[Match]:
    """Yield torchvision's networks under names that say nothing by themselves, such as numbered children."""
    for name in _quick() if options is None else ():
        outline = outline_of(name)
        best = next(iter(candidates(readings, outline)), None)
        if best is not None and best.fits:
            yield Match(outline, (), best)


def _sentences(match: Match) -> Iterator[str]:
    if preset := match.preset:
        alike = f"; {preset.alike}" if match.candidate.layout.name != preset.layout and preset.alike else ""
        yield f"{preset.name}: {match.outline.architecture} with other sizes, by names and shapes{alike}"
        return
    same = f"; the same network goes by {some(match.others)}, too" if match.others else ""
    yield f"{match.outline.architecture} by names and shapes, as no --arch was given{same}"


def _told(outline: Outline) -> str:
    """Return how a command says a network."""
    options = (f" --option {name}={json.dumps(value)}" for name, value in (outline.options or {}).items())
    return outline.architecture + "".join(options)


def _several(best: Sequence[Match]) -> str:
    each = ", ".join(
        _told(match.outline) + (f" (or {some(match.others, 2)})" if match.others else "")
        for match in best[:SHOWN]
    )
    more = f" and {len(best) - SHOWN} more" if len(best) > SHOWN else ""
    one, other = (registry.blueprint(match.outline.architecture, match.outline.options) for match in best[:2])
    told = difference(one, other)
    differs = f"; the first two differ at {told}" if told else ""
    return (
        f"the tensors at {show(best[0].candidate.label)} fit {len(best)} networks that compute something else with "
        f"them: {each}{more}{differs}. Names and shapes cannot tell them apart: say with --arch which one it was"
    )
