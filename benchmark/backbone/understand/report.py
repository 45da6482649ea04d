"""What was understood of a checkpoint, for the submitter to read and for the manifest to keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue
from torch import Tensor

from lovt_bench.benchmark.contract.untrusted import clean_text

NAME_SHOWN = 100
"""Characters of a name from a file that are shown."""


@dataclass(frozen=True)
class Dropped:
    """Tensors that are not of the trunk, named by what they share."""

    name: str
    count: int

    def __str__(self) -> str:
        return self.name if self.count == 1 else f"{self.name}.* ({self.count:,} tensors)"


@dataclass(frozen=True)
class WeightsReport:
    """What became of every tensor of a checkpoint."""

    architecture: str
    options: dict[str, JsonValue] | None
    """What completes the architecture's name, as it was given."""
    encoder: str
    """Prefix of the trunk without its last dot, `.` for none; what `--encoder` takes."""
    layout: str
    matched: tuple[str, ...]
    """Names in the architecture's state dict that the file gave."""
    dropped: tuple[Dropped, ...]
    """Beside the trunk: heads, other encoders, optimiser state."""
    missing: tuple[str, ...]
    """Names in the architecture's state dict that may be missing and are."""
    unexpected: tuple[str, ...]
    """Names within the trunk that were left out because they carry nothing."""
    conversions: tuple[str, ...]
    """What was changed on the way, in sentences."""
    found: tuple[str, ...] = ()
    """How the architecture was found, in sentences; empty where it was given."""
    ambiguity: str = ""
    """Which networks have the same tensors, in a sentence; empty where none is known."""

    def notes(self) -> list[str]:
        """Return the report as short lines for the manifest; the first names the trunk."""
        lines = [
            f"trunk of {self.architecture} read at {show(self.encoder)}: {self.layout}",
            *self.found,
            *self.conversions,
        ]
        if self.dropped:
            lines.append(f"left out: {some(map(str, self.dropped))}")
        if self.missing:
            lines.append(f"{len(self.missing)} missing num_batches_tracked set to 0")
        if self.unexpected:
            lines.append(f"left out of the trunk: {some(self.unexpected)}")
        if self.ambiguity:
            lines.append(self.ambiguity)
        return lines


def show(name: str) -> str:
    """Return a name from a file, safe and short."""
    return clean_text(name, NAME_SHOWN) or "(a name without visible characters)"


def some(names: Iterable[str], limit: int = 6) -> str:
    """Return names as one short text, in the given order: the first few and how many more."""
    every = list(names)
    more = f" and {len(every) - limit:,} more" if len(every) > limit else ""
    return ", ".join(show(name) for name in every[:limit]) + more


def dropped_groups(names: Iterable[str], prefix: str) -> tuple[Dropped, ...]:
    """Return what lies beside the trunk, one line per part that its names share with each other.

    Args:
        names: Full names that were left out.
        prefix: Prefix of the trunk, empty or ending with a dot.
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_group(name, prefix), []).append(name)
    return tuple(
        Dropped(group if len(members) > 1 else members[0], len(members)) for group, members in groups.items()
    )


def _group(name: str, prefix: str) -> str:
    """Return the name up to its first part that the trunk's prefix does not share."""
    ours, theirs = prefix.split(".")[:-1], name.split(".")
    shared = 0
    while shared < min(len(ours), len(theirs) - 1) and ours[shared] == theirs[shared]:
        shared += 1
    return ".".join(theirs[: shared + 1])


def names_of(tensors: Mapping[str, Tensor], taken: Iterable[str]) -> list[str]:
    """Return the names that were not taken, in stored order."""
    kept = set(taken)
    return [name for name in tensors if name not in kept]
