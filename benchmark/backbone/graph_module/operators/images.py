"""Convolutions and what moves pixels between space and channels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.graph_module.node import Attributes, Inputs, Operator, given, needed

_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def pads_of(
    attributes: Attributes,
    sides: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> list[tuple[int, int]]:
    """Return what `auto_pad` and `pads` put in front of and behind each side.

    Raises:
        UntrainableError: Negative or unknown.
    """
    kind, count = attributes.text("auto_pad", "NOTSET"), len(sides)
    if kind in ("SAME_UPPER", "SAME_LOWER"):
        found = []
        for side, size, stride, dilation in zip(sides, kernel, strides, dilations, strict=True):
            total = max((math.ceil(side / stride) - 1) * stride + (size - 1) * dilation + 1 - side, 0)
            less, more = total // 2, total - total // 2
            found.append((less, more) if kind == "SAME_UPPER" else (more, less))
        return found
    if kind not in ("NOTSET", "VALID", ""):
        raise attributes.refuse(f"with auto_pad {kind}")
    pads = (attributes.integers("pads") if kind != "VALID" else None) or [0] * (2 * count)
    if len(pads) != 2 * count or min(pads) < 0:
        raise attributes.refuse(f"with pads {pads[:8]}")
    return list(zip(pads[:count], pads[count:], strict=True))


def padded(found: Tensor, pads: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """Return images with their last sides made longer, or shorter where a number is negative."""
    flat = [number for pair in reversed(pads) for number in pair]
    return F.pad(found, flat, value=value) if any(flat) else found


def even(pads: Sequence[tuple[int, int]]) -> list[int] | None:
    """Return pads as torch's convolutions and pools take them, None where front and back differ."""
    return [front for front, _ in pads] if all(front == back for front, back in pads) else None


def _conv(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, weight, bias = needed(inputs, 0), needed(inputs, 1), given(inputs, 2)
    count = found.ndim - 2
    if count not in _CONV:
        raise attributes.refuse(f"of {found.ndim} dimensions")
    strides = attributes.integers("strides") or [1] * count
    dilations = attributes.integers("dilations") or [1] * count
    pads = pads_of(attributes, found.shape[2:], weight.shape[2:], strides, dilations)
    both = even(pads)
    if both is None:
        found, both = padded(found, pads), [0] * count
    return _CONV[count](found, weight, bias, strides, both, dilations, attributes.integer("group", 1))


def _conv_transpose(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, weight, bias = needed(inputs, 0), needed(inputs, 1), given(inputs, 2)
    count = found.ndim - 2
    if count not in _TRANSPOSED or "output_shape" in attributes:
        raise attributes.refuse(
            "with output_shape" if "output_shape" in attributes else f"of {found.ndim} dimensions"
        )
    strides = attributes.integers("strides") or [1] * count
    dilations = attributes.integers("dilations") or [1] * count
    more = attributes.integers("output_padding") or [0] * count
    whole = _TRANSPOSED[count](
        found, weight, bias, strides, [0] * count, more, attributes.integer("group", 1), dilations
    )
    if (kind := attributes.text("auto_pad", "NOTSET")) in ("SAME_UPPER", "SAME_LOWER"):
        pads = []
        for side, now, stride in zip(found.shape[2:], whole.shape[2:], strides, strict=True):
            total = max(now - side * stride, 0)
            less, rest = total // 2, total - total // 2
            pads.append((less, rest) if kind == "SAME_UPPER" else (rest, less))
    else:
        pads = pads_of(attributes, found.shape[2:], weight.shape[2:], strides, dilations)
    return padded(whole, [(-front, -back) for front, back in pads])


def _depth_to_space(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, block = needed(inputs, 0), attributes.integer("blocksize", 0)
    n, c, h, w = found.shape
    mode = attributes.text("mode", "DCR")
    if mode == "CRD":
        parts = found.reshape(n, c // block**2, block, block, h, w).permute(0, 1, 4, 2, 5, 3)
    elif mode == "DCR":
        parts = found.reshape(n, block, block, c // block**2, h, w).permute(0, 3, 4, 1, 5, 2)
    else:
        raise attributes.refuse(f"with mode {mode}")
    return parts.reshape(n, c // block**2, h * block, w * block)


def _space_to_depth(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, block = needed(inputs, 0), attributes.integer("blocksize", 0)
    n, c, h, w = found.shape
    parts = found.reshape(n, c, h // block, block, w // block, block).permute(0, 3, 5, 1, 2, 4)
    return parts.reshape(n, c * block**2, h // block, w // block)


_WEIGHTS = frozenset({1, 2})
TABLE: dict[str, Operator] = {
    "Conv": Operator(_conv, weights=_WEIGHTS),
    "ConvTranspose": Operator(_conv_transpose, weights=_WEIGHTS),
    "DepthToSpace": Operator(_depth_to_space),
    "SpaceToDepth": Operator(_space_to_depth),
    "GlobalAveragePool": Operator(
        lambda a, i: needed(i, 0).mean(tuple(range(2, needed(i, 0).ndim)), keepdim=True)
    ),
    "GlobalMaxPool": Operator(
        lambda a, i: torch.amax(needed(i, 0), tuple(range(2, needed(i, 0).ndim)), keepdim=True)
    ),
}
"""Names of the standard."""
