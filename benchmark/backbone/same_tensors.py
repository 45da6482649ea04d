"""Architectures that tensors cannot tell apart: equal names and shapes, other features.

Strides, dilations, padding, pooling and activations leave no trace in a state dict. Which of timm's networks are alike
takes minutes to find out and depends on timm's version alone, so it is kept in a file, which
`python -m lovt_bench.benchmark.backbone.same_tensors` writes anew, together with `signatures.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

from lovt_bench.benchmark.backbone import registry, signatures
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.disk.temporary import write_text

SHOWN = 12
"""Architectures that a sentence names."""

FILE = Path(__file__).with_name("same_tensors.json")


def same_tensors(architecture: str) -> tuple[str, ...]:
    """Return the other architectures whose tensors have the same names and shapes.

    Args:
        architecture: Name in the registry, listed or not.
    """
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    alike = [name for group in kept["groups"] if architecture in group for name in group]
    quick = [name for name in registry.architectures() if name not in registry.summarised()]
    compared = set(kept["compared"])
    if architecture in quick:
        # One that was added after the file was written is compared here, the others were compared there.
        pairs = [name for name in quick if not {name, architecture} <= compared]
        alike += [name for name in pairs if trunk_specs(name) == trunk_specs(architecture)]
    return tuple(name for name in dict.fromkeys(alike) if name != architecture)


def ambiguity(architecture: str) -> str:
    """Return in a sentence which networks have an architecture's tensors; empty where none is known."""
    alike, unlisted = same_tensors(architecture), registry.unlisted(architecture)
    others = []
    if alike:
        more = f" and {len(alike) - SHOWN} more" if len(alike) > SHOWN else ""
        others.append(
            f"{', '.join(alike[:SHOWN])}{more} (if it is one, say so with --arch: other features follow)"
        )
    if unlisted:
        others.append(f"{unlisted}, which no --arch takes")
    return f"tensors alone cannot tell {architecture} from {' or from '.join(others)}" if others else ""


def find_groups(names: Iterable[str]) -> list[list[str]]:
    """Return the groups of two and more names with equal tensors, those that cannot be backbones left out."""
    groups: dict[frozenset[tuple[str, tuple[int, ...]]], list[str]] = {}
    for name in names:
        try:
            groups.setdefault(trunk_specs(name), []).append(name)
        except BackboneError:
            continue
    able = ([name for name in group if _builds(name)] for group in groups.values() if len(group) > 1)
    return sorted(group for group in able if len(group) > 1)


@cache
def trunk_specs(architecture: str) -> frozenset[tuple[str, tuple[int, ...]]]:
    """Return names and shapes of an architecture's tensors.

    Raises:
        BackboneError: It cannot be a backbone, as far as its features are declared.
    """
    # Imports torchvision, which takes a second that reading a file does not have to wait for.
    from lovt_bench.benchmark.backbone.architectures import timm_models

    if architecture.startswith(timm_models.PREFIX):
        state = timm_models.trunk_state(architecture.removeprefix(timm_models.PREFIX))
    else:
        state = registry.blueprint(architecture).state_dict()
    return frozenset((name, tuple(tensor.shape)) for name, tensor in state.items())


def _builds(architecture: str) -> bool:
    try:
        registry.blueprint(architecture)
    except BackboneError:
        return False
    return True


def _networks(names: Iterable[str]) -> Iterator[tuple[str, dict[str, tuple[int, ...]], str]]:
    """Yield what `signatures.content_of` takes of every network that can be a backbone."""
    for name in names:
        try:
            plan = registry.blueprint(name)
        except BackboneError:
            continue
        shapes = {key: tuple(tensor.shape) for key, tensor in plan.state_dict().items()}
        yield name, shapes, signatures.told_digest(signatures.behaviour(plan))


def _main() -> None:
    from lovt_bench.benchmark.backbone.architectures import timm_models

    quick = [name for name in registry.architectures() if name not in registry.summarised()]
    content = {
        "timm": version("timm"),
        "compared": quick,
        "groups": find_groups([*quick, *timm_models.every()]),
    }
    write_text(FILE, json.dumps(content, indent=1) + "\n")
    write_text(signatures.FILE, signatures.content_of(_networks([*quick, *timm_models.every()])))


if __name__ == "__main__":
    _main()
