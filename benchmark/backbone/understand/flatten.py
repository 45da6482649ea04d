"""Nested content becomes one flat mapping of dotted names to tensors, within bounds that a hostile file cannot pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.contract.untrusted import clean_text

DEPTH_LIMIT = 16
"""Dictionaries in dictionaries."""

ENTRY_LIMIT = 500_000
"""Keys and list entries looked at, all levels together."""

NAME_LIMIT = 1_000
"""Characters of a dotted name; longer ones are no tensor of a network."""

TENSOR_LIMIT = 100_000
"""Tensors in one file."""

WRAPPERS = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
"""Parts that torch.compile, FSDP and activation checkpointing put into names, also in their middle."""


@dataclass(frozen=True)
class Flat:
    """All tensors of a checkpoint."""

    tensors: Mapping[str, Tensor]
    """By dotted name, wrappers left out."""
    notes: tuple[str, ...] = ()
    """What was passed over, in sentences."""


def flatten(content: object) -> Flat:
    """Return every tensor in nested dictionaries, lists and tuples.

    A container that occurs twice is looked at once, where it comes first.

    Raises:
        BackboneError: No tensors, two tensors of one name, or more than the limits.
    """
    if isinstance(content, Tensor):
        raise BackboneError(
            "the file holds one tensor without a name, expected a state dict: names to tensors"
        )
    if not isinstance(content, Mapping | list | tuple):
        raise BackboneError(
            f"the file holds {type(content).__name__}, expected a state dict: names to tensors. "
            "Save model.state_dict()"
        )
    found: dict[str, Tensor] = {}
    passed: dict[str, int] = {}
    wrapped = False
    for parts, value in _walk(content, passed):
        if not isinstance(value, Tensor) or value.is_nested:
            continue
        if sum(map(len, parts)) > NAME_LIMIT:
            passed["names"] = passed.get("names", 0) + 1
            continue
        whole = ".".join(parts).split(".")
        kept = [part for part in whole if part not in WRAPPERS]
        wrapped |= len(kept) < len(whole)
        name = ".".join(kept)
        if name in found:
            raise BackboneError(
                f"two tensors are named {clean_text(name, 120)}; save one model's state dict alone"
            )
        found[name] = value
        if len(found) > TENSOR_LIMIT:
            raise BackboneError(
                f"more than {TENSOR_LIMIT:,} tensors; save the image encoder's state dict alone"
            )
    notes = [f"names without the wrappers {', '.join(sorted(WRAPPERS))}"] if wrapped else []
    if count := passed.get("names"):
        notes.append(f"passed over {count:,} names of more than {NAME_LIMIT:,} characters")
    if count := passed.get("keys"):
        notes.append(f"passed over {count:,} entries whose keys are neither text nor whole numbers")
    if count := passed.get("deep"):
        notes.append(f"passed over {count:,} dictionaries nested deeper than {DEPTH_LIMIT}")
    if not found:
        raise BackboneError(
            "; ".join(["the file holds no tensors, expected a state dict", *notes, "save model.state_dict()"])
        )
    return Flat(found, tuple(notes))


def _walk(content: object, passed: dict[str, int]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield the path and value of every leaf, in stored order; count in `passed` what is left out."""
    stack: list[tuple[tuple[str, ...], object]] = [((), content)]
    seen: set[int] = set()
    entries = 0
    while stack:
        path, value = stack.pop()
        if not isinstance(value, Mapping | list | tuple):
            yield path, value
            continue
        if id(value) in seen:
            continue
        if len(path) >= DEPTH_LIMIT:
            passed["deep"] = passed.get("deep", 0) + 1
            continue
        seen.add(id(value))
        entries += len(value)
        if entries > ENTRY_LIMIT:
            raise BackboneError(
                f"more than {ENTRY_LIMIT:,} entries; save the image encoder's state dict alone"
            )
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        below = []
        for key, entry in items:
            if isinstance(key, str) or (isinstance(key, int) and abs(key) < 1 << 63):
                below.append(((*path, str(key)), entry))
            else:
                passed["keys"] = passed.get("keys", 0) + 1
        stack.extend(reversed(below))
