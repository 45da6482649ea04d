"""Pools, with the standard's rules for pads and for windows that stand over the end."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.graph_module.node import Attributes, Inputs, Operator, needed
from lovt_bench.benchmark.backbone.graph_module.operators.images import even, padded, pads_of

_MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def _window(
    attributes: Attributes, found: Tensor
) -> tuple[list[int], list[int], list[int], list[tuple[int, int]]]:
    """Return kernel, strides, dilations and pads."""
    count = found.ndim - 2
    kernel = attributes.integers("kernel_shape")
    if count not in _MAX or kernel is None or len(kernel) != count:
        raise attributes.refuse(f"of {found.ndim} dimensions with the kernel {kernel}")
    strides = attributes.integers("strides") or [1] * count
    dilations = attributes.integers("dilations") or [1] * count
    return kernel, strides, dilations, pads_of(attributes, found.shape[2:], kernel, strides, dilations)


def _up_to_ceil(
    found: Tensor,
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Sequence[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Return pads at which rounding down gives as many windows as rounding up; none begins behind the image."""
    more = []
    for side, size, stride, dilation, (front, back) in zip(
        found.shape[2:], kernel, strides, dilations, pads, strict=True
    ):
        reach = (size - 1) * dilation + 1
        windows = math.ceil((side + front + back - reach) / stride) + 1
        if (windows - 1) * stride >= side + front:
            windows -= 1
        more.append((front, max(back, (windows - 1) * stride + reach - side - front)))
    return more


def _max_pool(attributes: Attributes, inputs: Inputs) -> Tensor:
    found = needed(inputs, 0)
    kernel, strides, dilations, pads = _window(attributes, found)
    if attributes.integer("ceil_mode", 0):
        pads = _up_to_ceil(found, kernel, strides, dilations, pads)
    both = even(pads)
    if both is None or any(2 * pad > size for pad, size in zip(both, kernel, strict=True)):
        found, both = padded(found, pads, -math.inf), [0] * len(kernel)
    return _MAX[len(kernel)](found, kernel, strides, both, dilations)


def _average_pool(attributes: Attributes, inputs: Inputs) -> Tensor:
    found = needed(inputs, 0)
    kernel, strides, dilations, pads = _window(attributes, found)
    if set(dilations) != {1}:
        raise attributes.refuse(f"with dilations {dilations}")
    pool, counted = _AVERAGE[len(kernel)], bool(attributes.integer("count_include_pad", 0))
    both = even(pads)
    if (
        not attributes.integer("ceil_mode", 0)
        and both is not None
        and all(2 * pad <= size for pad, size in zip(both, kernel, strict=True))
    ):
        return pool(found, kernel, strides, both, count_include_pad=counted)
    # The mean over a window that is partly outside: the sum over what counts, by how much counts.
    whole = (
        _up_to_ceil(found, kernel, strides, dilations, pads) if attributes.integer("ceil_mode", 0) else pads
    )
    ones = torch.ones((1, 1, *found.shape[2:]), dtype=found.dtype, device=found.device)
    if counted:
        rest = [(0, after - back) for (_, back), (_, after) in zip(pads, whole, strict=True)]
        ones = padded(padded(ones, pads, 1.0), rest)
    else:
        ones = padded(ones, whole)
    return pool(padded(found, whole), kernel, strides) / pool(ones, kernel, strides)


TABLE: dict[str, Operator] = {
    "MaxPool": Operator(_max_pool),
    "AveragePool": Operator(_average_pool),
}
"""Names of the standard."""
