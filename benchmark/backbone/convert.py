"""Plain state dicts in torchvision's layout become backbones. Nothing is guessed and no code is unpickled.

Left out by rule: the classifier `fc.*`, and the prefix `module.` of DistributedDataParallel where all keys
have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.backbone.understand.read import read_checkpoint
from lovt_bench.benchmark.backbone.weights import listing, not_finite, spec_problems, specs_of
from lovt_bench.benchmark.contract.untrusted import clean_text


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a weight file that is known; one from elsewhere is read by `understand_file`.

    Raises:
        BackboneError: No such file, another kind of file, a pickle that asks for what could run code, or content
            that is more than one flat state dict.
    """
    content = read_checkpoint(path)
    if not isinstance(content, Mapping) or not content:
        raise BackboneError(
            f"{path.name} holds {type(content).__name__}, expected a state dict: names to tensors"
        )
    others = [str(name) for name, value in content.items() if not isinstance(value, Tensor)]
    if others:
        raise BackboneError(
            f"{path.name} is not a plain state dict: {clean_text(listing(others))} are no tensors. "
            "Save the image encoder's state dict alone"
        )
    return {str(name): value for name, value in content.items()}


def from_state_dict(architecture: str, state: Mapping[str, Tensor]) -> tuple[Backbone, list[str]]:
    """Return a backbone in eval mode with the given weights, and notes on what was changed on the way.

    Floating-point tensors become float32. Missing `num_batches_tracked` (files older than torch 0.4.1) become
    0: nothing reads them as long as BN has a fixed momentum.

    Raises:
        BackboneError: Naming the keys that are missing, unexpected, of another shape, or not finite.
    """
    plain, notes = _plain(architecture, state)
    with torch.random.fork_rng(devices=[]):
        backbone = registry.build(architecture)
    backbone.load_state_dict(plain)
    return backbone.eval(), notes


def _plain(architecture: str, state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    notes = []
    if state and all(name.startswith("module.") for name in state):
        state = {name.removeprefix("module."): tensor for name, tensor in state.items()}
        notes.append("prefix 'module.' removed from all keys")
    if dropped := [name for name in state if name.startswith("fc.")]:
        state = {name: tensor for name, tensor in state.items() if name not in dropped}
        notes.append(f"left out: {listing(dropped)}")
    if dtypes := {str(t.dtype) for t in state.values() if t.is_floating_point()} - {"torch.float32"}:
        state = {name: t.float() if t.is_floating_point() else t for name, t in state.items()}
        notes.append(f"{', '.join(sorted(dtypes))} converted to float32")
    expected = specs_of(registry.blueprint(architecture).state_dict())
    uncounted = [n for n in expected if n.endswith(".num_batches_tracked") and n not in state]
    if uncounted:
        state = {**state, **{name: torch.zeros((), dtype=torch.int64) for name in uncounted}}
        notes.append(f"{len(uncounted)} missing num_batches_tracked set to 0")
    if problems := spec_problems(expected, specs_of(state)):
        raise BackboneError(f"the weights do not fit {architecture}: " + "; ".join(problems))
    if bad := not_finite(state):
        raise BackboneError(f"the weights hold NaN or infinity in {len(bad)} tensors: {listing(bad)}")
    return dict(state), notes
