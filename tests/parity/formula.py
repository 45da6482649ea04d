"""Tensors that golden vectors define by a formula instead of storing them (README.md of the vectors)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from tests.parity.golden import GoldenError

PATTERN_FORMULA = re.compile(r"^\s*(?P<floor>max\(0,\s*)?(?P<scale>[\d.]+)\*u_i")


def formula_values(shape: Iterable[int], seed: int) -> np.ndarray:
    """Return u in [-1, 1), float64, as README.md of the vectors defines it for a seed; C order."""
    shape = tuple(shape)
    count = int(np.prod(shape))
    result = np.empty(count)
    step = 1 << 20
    for start in range(0, count, step):
        x = np.arange(start, min(start + step, count), dtype=np.uint64) + np.uint64(0x9E3779B9 * seed)
        x = x.astype(np.uint32)
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x85EBCA6B)
        x ^= x >> np.uint32(13)
        x *= np.uint32(0xC2B2AE35)
        x ^= x >> np.uint32(16)
        result[start : start + step] = x / 2.0**31 - 1
    return result.reshape(shape)


def formula_input(entry: Mapping[str, Any]) -> torch.Tensor:
    """Return the float32 tensor of an entry with shape, seed and a formula such as `max(0, 1.5*u_i)`.

    Raises:
        GoldenError: A formula of another form.
    """
    found = PATTERN_FORMULA.match(entry["formula"])
    if found is None:
        raise GoldenError(f"formula {entry['formula']!r}: expected `X*u_i` or `max(0, X*u_i)`")
    values = float(found["scale"]) * formula_values(entry["shape"], entry["seed"])
    if found["floor"]:
        values = np.maximum(values, 0)
    return torch.from_numpy(values.astype(np.float32))


def formula_weight(entry: Mapping[str, Any]) -> torch.Tensor:
    """Return the float32 parameter of a `weights` entry: kind, shape, seed, fan_in, gain."""
    u = formula_values(entry["shape"], entry["seed"])
    gain = float(entry.get("gain", 1))
    match entry["kind"]:
        case "weight":
            values = u * np.sqrt(6 / entry["fan_in"]) * gain
        case "bias" | "bn_bias" | "bn_mean":
            values = 0.1 * u
        case "bn_weight":
            values = (1 + 0.2 * u) * gain
        case "bn_var":
            values = 1 + 0.5 * u
        case kind:
            raise GoldenError(f"weight {entry.get('name')!r}: unknown kind {kind!r}")
    return torch.from_numpy(values.astype(np.float32))


def fill(tensors: Iterable[torch.Tensor], entries: Iterable[Mapping[str, Any]]) -> None:
    """Write the formula-defined weights into parameters and buffers given in forward order.

    Raises:
        GoldenError: Another number of tensors, or one of another shape (axes of length 1 at the end aside).
    """
    own, listed = list(tensors), list(entries)
    if len(own) != len(listed):
        raise GoldenError(f"{len(own)} parameters to fill, {len(listed)} weights listed")
    with torch.no_grad():
        for tensor, entry in zip(own, listed, strict=True):
            value = formula_weight(entry)
            if _core(tensor.shape) != _core(value.shape):
                raise GoldenError(
                    f"weight {entry['name']!r} is {list(value.shape)}, ours {list(tensor.shape)}"
                )
            tensor.copy_(value.view(tensor.shape))


def _core(shape: Iterable[int]) -> list[int]:
    sides = list(shape)
    while sides and sides[-1] == 1:
        sides.pop()
    return sides
