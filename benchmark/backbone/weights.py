"""Weights are tensors: read from safetensors, checked by name, shape, dtype and value, never unpickled.

The bytes that `serialise` returns are a function of the state dict alone, so their SHA-256 is the identity of
the weights, whether they lie in a file or not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import JsonValue, TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from lovt_bench.benchmark.backbone.model import Backbone, BackboneError

DTYPES = {
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float64: "F64",
    torch.int64: "I64",
}
"""Names of safetensors for the dtypes that occur in state dicts."""

OPTIONS = "options"
"""Entry of a header that completes the architecture's name, as JSON; only where there are options."""
_OPTIONS = TypeAdapter(dict[str, JsonValue])


@dataclass(frozen=True)
class TensorSpec:
    """What is declared of a tensor."""

    shape: tuple[int, ...]
    dtype: str
    """As safetensors names it: `F32`, `I64`, …"""

    @classmethod
    def of(cls, tensor: Tensor) -> TensorSpec:
        return cls(tuple(tensor.shape), DTYPES.get(tensor.dtype, str(tensor.dtype)))

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


def specs_of(state: Mapping[str, Tensor]) -> dict[str, TensorSpec]:
    """Return what the tensors of a state dict look like."""
    return {name: TensorSpec.of(tensor) for name, tensor in state.items()}


def listing(names: Iterable[str], limit: int = 6) -> str:
    """Return names as one short text: the first few and how many more."""
    ordered = sorted(names)
    more = f" and {len(ordered) - limit} more" if len(ordered) > limit else ""
    return ", ".join(ordered[:limit]) + more


def spec_problems(expected: Mapping[str, TensorSpec], found: Mapping[str, TensorSpec]) -> list[str]:
    """Return one sentence per kind of difference; empty where all names, shapes and dtypes agree."""
    problems = []
    if missing := expected.keys() - found.keys():
        problems.append(f"{len(missing)} tensors are missing: {listing(missing)}")
    if unexpected := found.keys() - expected.keys():
        problems.append(f"{len(unexpected)} tensors are unexpected: {listing(unexpected)}")
    differing = [
        f"{name} (expected {expected[name]}, found {found[name]})"
        for name in expected.keys() & found.keys()
        if expected[name] != found[name]
    ]
    if differing:
        problems.append(f"{len(differing)} tensors have another shape or dtype: {listing(differing, 3)}")
    return problems


def not_finite(state: Mapping[str, Tensor]) -> list[str]:
    """Return the names of tensors that hold NaN or an infinity."""
    return [
        n for n, tensor in state.items() if tensor.is_floating_point() and not bool(tensor.isfinite().all())
    ]


def read_specs(path: Path) -> dict[str, TensorSpec]:
    """Return names, shapes and dtypes from the header of a safetensors file; no tensor is read.

    Raises:
        BackboneError: Not a readable safetensors file.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            return {name: TensorSpec(tuple(s.get_shape()), s.get_dtype()) for name, s in slices.items()}
    except (SafetensorError, OSError, ValueError) as error:
        raise BackboneError(f"{path.name} is not a readable safetensors file: {error}") from error


def read_weights(path: Path, expected: Mapping[str, TensorSpec]) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file that must hold exactly the expected ones, all values finite.

    Raises:
        BackboneError: Naming the tensors that are missing, unexpected, of another kind, or not finite.
    """
    if problems := spec_problems(expected, read_specs(path)):
        raise BackboneError(f"{path.name} does not fit the architecture: " + "; ".join(problems))
    with safe_open(path, framework="pt", device="cpu") as file:
        state = {name: file.get_tensor(name) for name in expected}
    if bad := not_finite(state):
        raise BackboneError(f"{path.name} holds NaN or infinity in {len(bad)} tensors: {listing(bad)}")
    return state


def read_options(path: Path) -> dict[str, JsonValue] | None:
    """Return what the header of a `backbone.safetensors` says to complete its architecture's name; None for nothing.

    Raises:
        BackboneError: Not a readable safetensors file, or a header that is none of ours.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            stated = (file.metadata() or {}).get(OPTIONS)
        return None if stated is None else _OPTIONS.validate_json(stated)
    except (SafetensorError, OSError, ValueError) as error:
        raise BackboneError(f"{path.name} is not a readable safetensors file: {error}") from error


def serialise(backbone: Backbone) -> bytes:
    """Return the content of `backbone.safetensors`: the state dict, contiguous, on the CPU, and the options."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in backbone.state_dict().items()}
    if backbone.options is None:
        return save(state)
    return save(state, {OPTIONS: json.dumps(backbone.options, sort_keys=True)})


def weights_digest(backbone: Backbone) -> str:
    """Return the SHA-256 that `backbone.safetensors` of this backbone has or would have."""
    return hashlib.sha256(serialise(backbone)).hexdigest()
