"""Where in a checkpoint an architecture's trunk could be: prefixes that follow from matching, not from a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.signatures import ROOT_NAMES, is_plain_transformer
from lovt_bench.benchmark.backbone.tokens.positions import PositionRule
from lovt_bench.benchmark.backbone.understand.derive import derived, unpacked
from lovt_bench.benchmark.backbone.understand.dialects import Reading
from lovt_bench.benchmark.backbone.understand.layouts import OPTIONAL, Layout, layouts_of, own_layout
from lovt_bench.benchmark.backbone.understand.outline import Outline
from lovt_bench.benchmark.backbone.understand.source import Source
from lovt_bench.benchmark.backbone.understand.tables import fitted

HARMLESS = (
    *("total_ops", "total_params"),
    *("relative_position_index", "relative_coords_table", "attn_mask", "position_ids"),
    *("freqs_cos", "freqs_sin", "periods", "inv_freq"),
)
"""Last parts of names that carry nothing: what profilers leave, and tables that follow from the network's sizes."""


CANDIDATE_LIMIT = 64
"""Prefixes per layout that are looked at closely, those with the most names first."""


@dataclass(frozen=True)
class Candidate:
    """The tensors below one prefix, read in one layout."""

    prefix: str
    """Empty, or ends with a dot."""
    layout: Layout
    found: Mapping[str, Source]
    """By name in the architecture's state dict."""
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
    positions: PositionRule
    """By which a table of positions is resampled."""
    native_grid: int | None
    """Tokens along one axis of the file's table of positions; None where it has none."""

    @property
    def fits(self) -> bool:
        """Whether every tensor of the trunk is there in its shape, and nothing else in its modules."""
        return not (self.missing or self.misshaped or self.unexpected)

    @cached_property
    def agreement(self) -> int:
        """Number of tensors whose name and shape agree."""
        return len(self.found) - len(self.misshaped)

    @property
    def is_near(self) -> bool:
        """Whether it is worth to say what differs: a shape agrees, or most names do."""
        return self.agreement > 0 or 2 * len(self.found) > len(self.layout.theirs)

    @property
    def taken(self) -> list[str]:
        """Full names in the file of what it is made of."""
        return [name for source in self.found.values() for name in source.names]

    @property
    def label(self) -> str:
        """What `--encoder` takes for it."""
        return self.prefix.removesuffix(".") or "."


def candidates(readings: Sequence[Reading], outline: Outline) -> list[Candidate]:
    """Return every prefix and layout below which tensors have the trunk's names, the best first.

    Args:
        readings: The file's tensors, under its own names and those that its dialects stand for.
        outline: Outline of the architecture.
    """
    found: list[Candidate] = []
    if len(readings[0].sources) < len(outline.shapes) // 10:
        return []
    for reading in readings:
        for layout in layouts_of(outline) if reading.dialect is None else own_layout(outline, reading.name):
            hits: dict[str, dict[str, str]] = {}
            longest = max(their.count(".") for their in layout.theirs) + 1
            for name in reading.sources:
                for prefix, rest in splits(name, longest):
                    if rest in layout.theirs:
                        hits.setdefault(prefix, {})[layout.theirs[rest]] = name
            least = len(layout.theirs) // 10
            best = sorted(hits.items(), key=lambda hit: -len(hit[1]))[:CANDIDATE_LIMIT]
            found += [
                _examine(reading, outline, layout, prefix, names)
                for prefix, names in best
                if len(names) >= least and (reading.dialect is None or prefix.startswith(reading.prefixes))
            ]
    return _once(sorted(found, key=lambda one: (not one.fits, -one.agreement)))


def _once(found: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates without those that take the same tensors as another, a dialect's before the file's own."""
    last = {(one.prefix, frozenset(one.taken)): one for one in found}
    return [one for one in found if last[one.prefix, frozenset(one.taken)] is one]


def splits(name: str, longest: int) -> Iterator[tuple[str, str]]:
    """Yield the last 1 … `longest` dotted parts of a name, each with the prefix before them."""
    dot = len(name)
    for _ in range(longest):
        dot = name.rfind(".", 0, dot)
        yield name[: dot + 1], name[dot + 1 :]
        if dot < 0:
            return


def _examine(
    reading: Reading, outline: Outline, layout: Layout, prefix: str, names: Mapping[str, str]
) -> Candidate:
    sources = reading.sources
    given = {our: sources[full] for our, full in names.items()}
    if layout.own:
        for our in outline.shapes:
            if our not in given and (source := derived(our, prefix, sources)) is not None:
                given[our] = source
    for their, ours in layout.packed.items():
        given |= unpacked(sources.get(prefix + their), ours)
    rule = layout.positions or reading.position_rule(prefix)
    tables = fitted(given, outline, rule)
    found = tables.found
    one_channel = None
    misshaped = []
    for our, source in found.items():
        wanted, shape = outline.shapes[our], source.shape
        if our == outline.first and shape == (wanted[0], 1, *wanted[2:]):
            one_channel = our
        elif shape != wanted and not (our.endswith(OPTIONAL) and shape == (1,)):
            misshaped.append((names.get(our, prefix + our), wanted, shape))
    missing = tuple(
        prefix + their
        for their, our in layout.theirs.items()
        if our not in found and not our.endswith(OPTIONAL)
    )
    used = {name for source in found.values() for name in source.names}
    parts = layout.modules | ROOT_NAMES if is_plain_transformer(outline.shapes) else layout.modules
    strange = [
        name
        for name in sources
        if name.startswith(prefix)
        and name[len(prefix) :].split(".", 1)[0] in parts
        and name[len(prefix) :] not in outline.discarded
        and not used.issuperset(sources[name].names)
    ]
    idle = [name for name in strange if name.rsplit(".", 1)[-1] in HARMLESS]
    return Candidate(
        prefix=prefix,
        layout=layout,
        found=found,
        missing=missing,
        misshaped=tuple(misshaped),
        unexpected=tuple(name for name in strange if name not in idle),
        harmless=tuple(full for name in idle for full in sources[name].names),
        one_channel=one_channel,
        positions=rule,
        native_grid=tables.native_grid,
    )


def is_plain(tensor: Tensor) -> bool:
    """Return whether a tensor has values that can be read as they are: dense, on the CPU, not quantised."""
    return tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized


def same_values(tensors: Mapping[str, Tensor], one: Candidate, other: Candidate) -> bool:
    """Return whether two candidates that fit hold the same trunk, bit for bit."""
    names = [
        (our, place)
        for our, source in one.found.items()
        if not our.endswith(OPTIONAL)
        for place in range(len(source.names))
    ]
    if any(len(one.found[our].names) != len(other.found[our].names) for our, _ in names):
        return False
    pairs = [
        (tensors[one.found[our].names[place]], tensors[other.found[our].names[place]]) for our, place in names
    ]
    return all(is_plain(a) and is_plain(b) and a.dtype == b.dtype and torch.equal(a, b) for a, b in pairs)
