"""Operators that move, repeat and choose values, and those that compute shapes."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.graph_module.node import (
    Attributes,
    Inputs,
    Operator,
    axes_of,
    given,
    needed,
    numbers,
)


def _reshape(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, shape = needed(inputs, 0), numbers(needed(inputs, 1))
    if not attributes.integer("allowzero", 0):
        shape = [found.shape[place] if size == 0 else size for place, size in enumerate(shape)]
    return found.reshape(shape)


def _transpose(attributes: Attributes, inputs: Inputs) -> Tensor:
    found = needed(inputs, 0)
    return found.permute(attributes.integers("perm") or list(reversed(range(found.ndim))))


def _flatten(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, axis = needed(inputs, 0), attributes.integer("axis", 1)
    shape = found.shape
    first = math.prod(shape[: axis if axis >= 0 else axis + found.ndim])
    return found.reshape(first, math.prod(shape) // first if first else 0)


def _squeeze(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, listed = needed(inputs, 0), given(inputs, 1)
    axes = (
        [axis for axis, size in enumerate(found.shape) if size == 1]
        if listed is None
        else axes_of(found.ndim, numbers(listed))
    )
    if any(found.shape[axis] != 1 for axis in axes):
        raise attributes.refuse(f"of axes {axes} of the shape {list(found.shape)}")
    return found.reshape([size for axis, size in enumerate(found.shape) if axis not in axes])


def _unsqueeze(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, axes = needed(inputs, 0), numbers(needed(inputs, 1))
    for axis in sorted(axes_of(found.ndim + len(axes), axes)):
        found = found.unsqueeze(axis)
    return found


def _expand(attributes: Attributes, inputs: Inputs) -> Tensor:
    found = needed(inputs, 0)
    return found.expand(torch.broadcast_shapes(tuple(found.shape), tuple(numbers(needed(inputs, 1)))))


def _concat(attributes: Attributes, inputs: Inputs) -> Tensor:
    return torch.cat([needed(inputs, place) for place in range(len(inputs))], attributes.integer("axis", 0))


def _split(attributes: Attributes, inputs: Inputs) -> tuple[Tensor, ...]:
    found, listed = needed(inputs, 0), given(inputs, 1)
    (axis,) = axes_of(found.ndim, [attributes.integer("axis", 0)])
    if listed is not None:
        return torch.split(found, numbers(listed), axis)
    count, side = attributes.integer("num_outputs", attributes.outputs), found.shape[axis]
    size = -(-side // count)
    return torch.split(found, [size] * (count - 1) + [side - size * (count - 1)], axis)


def _slice(attributes: Attributes, inputs: Inputs) -> Tensor:
    found = needed(inputs, 0)
    starts, ends = numbers(needed(inputs, 1)), numbers(needed(inputs, 2))
    listed, steps = given(inputs, 3), given(inputs, 4)
    axes = axes_of(found.ndim, numbers(listed) if listed is not None else list(range(len(starts))))
    by = numbers(steps) if steps is not None else [1] * len(starts)
    for axis, start, end, step in zip(axes, starts, ends, by, strict=True):
        places = range(*slice(start, end if end > -(1 << 62) else None, step).indices(found.shape[axis]))
        if step < 0:
            found = found.flip(axis)
            last = found.shape[axis] - 1
            places = range(last - places.start, last - places.stop, -step)
        index = [slice(None)] * found.ndim
        index[axis] = slice(places.start, max(places.stop, places.start), places.step)
        found = found[tuple(index)]
    return found


def _pad(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, pads = needed(inputs, 0), numbers(needed(inputs, 1))
    value, listed = given(inputs, 2), given(inputs, 3)
    axes = axes_of(found.ndim, numbers(listed) if listed is not None else list(range(found.ndim)))
    sides = dict(zip(axes, zip(pads[: len(axes)], pads[len(axes) :], strict=True), strict=True))
    mode = attributes.text("mode", "constant")
    flat = [number for axis in reversed(range(found.ndim)) for number in sides.get(axis, (0, 0))]
    if not any(flat):
        return found
    if mode == "constant":
        return F.pad(found, flat, value=0.0 if value is None else float(value.reshape(-1)[0]))
    if mode not in ("reflect", "edge") or min(flat) < 0:
        raise attributes.refuse(f"with mode {mode}")
    for axis, (front, back) in sides.items():
        places = torch.arange(-front, found.shape[axis] + back)
        last = found.shape[axis] - 1
        if mode == "reflect" and max(front, back) > last:
            raise attributes.refuse("with a reflection longer than the side")
        places = places.clamp(0, last) if mode == "edge" else last - (last - places.abs()).abs()
        found = found.index_select(axis, places.to(found.device))
    return found


def _gather(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, chosen = needed(inputs, 0), needed(inputs, 1).to("cpu", torch.int64)
    (axis,) = axes_of(found.ndim, [attributes.integer("axis", 0)])
    side = found.shape[axis]
    chosen = torch.where(chosen < 0, chosen + side, chosen)
    if bool(((chosen < 0) | (chosen >= side)).any()):
        raise attributes.refuse("with places outside its side")
    taken = found.index_select(axis, chosen.reshape(-1).to(found.device))
    return taken.reshape([*found.shape[:axis], *chosen.shape, *found.shape[axis + 1 :]])


def _shape(attributes: Attributes, inputs: Inputs) -> Tensor:
    shape = list(needed(inputs, 0).shape)
    end = attributes.integer("end", len(shape))
    return torch.tensor(shape[slice(attributes.integer("start", 0), end)], dtype=torch.int64)


def _constant(attributes: Attributes, inputs: Inputs) -> Tensor:
    if isinstance(value := attributes.value("value"), Tensor):
        return value
    for name, kind in (
        ("value_float", torch.float32),
        ("value_floats", torch.float32),
        ("value_int", torch.int64),
        ("value_ints", torch.int64),
    ):
        if name in attributes:
            found = attributes.value(name)
            return torch.tensor(list(found) if name.endswith("s") else found, dtype=kind)
    raise attributes.refuse("of another kind than numbers")


def _constant_of_shape(attributes: Attributes, inputs: Inputs) -> Tensor:
    value = attributes.value("value")
    filled = value if isinstance(value, Tensor) else torch.zeros(1)
    return filled.reshape(()).expand(numbers(needed(inputs, 0)))


def _range(attributes: Attributes, inputs: Inputs) -> Tensor:
    start, limit, delta = (needed(inputs, place) for place in range(3))
    return torch.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype)


def _trilu(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, diagonal = needed(inputs, 0), given(inputs, 1)
    function = torch.triu if attributes.integer("upper", 1) else torch.tril
    return function(found, 0 if diagonal is None else numbers(diagonal)[0])


_SECOND, _ANY = frozenset({1}), frozenset(range(64))
TABLE: dict[str, Operator] = {
    "Reshape": Operator(_reshape, host=_SECOND),
    "Transpose": Operator(_transpose),
    "Flatten": Operator(_flatten),
    "Squeeze": Operator(_squeeze, host=_SECOND),
    "Unsqueeze": Operator(_unsqueeze, host=_SECOND),
    "Expand": Operator(_expand, host=_SECOND, weights=frozenset({0})),
    "Tile": Operator(lambda a, i: needed(i, 0).tile(numbers(i[1])), host=_SECOND, weights=frozenset({0})),
    "Concat": Operator(_concat, weights=_ANY),
    "Split": Operator(_split, host=_SECOND, outputs=None),
    "Slice": Operator(_slice, host=frozenset({1, 2, 3, 4})),
    "Pad": Operator(_pad, host=frozenset({1, 2, 3})),
    "Gather": Operator(_gather, host=_SECOND),
    "Trilu": Operator(_trilu, host=_SECOND),
    "Shape": Operator(_shape),
    "Size": Operator(lambda a, i: torch.tensor(needed(i, 0).numel())),
    "Constant": Operator(_constant),
    "ConstantOfShape": Operator(_constant_of_shape, host=frozenset({0})),
    "Range": Operator(_range, host=frozenset({0, 1, 2})),
}
"""Names of the standard."""
