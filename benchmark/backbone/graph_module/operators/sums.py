"""Products of matrices, reductions along axes, softmax."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.graph_module.node import (
    Attributes,
    Function,
    Inputs,
    Operator,
    axes_of,
    given,
    needed,
    numbers,
)

Reduction = Callable[[Tensor, list[int], bool], Tensor]


def _gemm(attributes: Attributes, inputs: Inputs) -> Tensor:
    left, right, added = needed(inputs, 0), needed(inputs, 1), given(inputs, 2)
    left = left.transpose(0, 1) if attributes.integer("transA", 0) else left
    right = right.transpose(0, 1) if attributes.integer("transB", 0) else right
    product = torch.matmul(left, right)
    alpha, beta = attributes.number("alpha", 1.0), attributes.number("beta", 1.0)
    product = product if alpha == 1 else alpha * product
    if added is None:
        return product
    return product + (added if beta == 1 else beta * added)


def _einsum(attributes: Attributes, inputs: Inputs) -> Tensor:
    equation = attributes.text("equation", "")
    return torch.einsum(equation, *[needed(inputs, position) for position in range(len(inputs))])


def _reduced(function: Reduction) -> Function:
    def run(attributes: Attributes, inputs: Inputs) -> Tensor:
        found, listed = needed(inputs, 0), given(inputs, 1)
        axes = numbers(listed) if listed is not None else attributes.integers("axes") or []
        if not axes and attributes.integer("noop_with_empty_axes", 0):
            return found
        axes = axes_of(found.ndim, axes) if axes else list(range(found.ndim))
        return function(found, axes, bool(attributes.integer("keepdims", 1))) if axes else found

    return run


def _product(found: Tensor, axes: list[int], keep: bool) -> Tensor:
    for axis in sorted(axes, reverse=True):
        found = torch.prod(found, axis, keepdim=keep)
    return found


def _softmax(function: Callable[[Tensor, int], Tensor]) -> Function:
    return lambda attributes, inputs: function(needed(inputs, 0), attributes.integer("axis", -1))


_REDUCTIONS: dict[str, Reduction] = {
    "ReduceL1": lambda found, axes, keep: found.abs().sum(axes, keep),
    "ReduceL2": lambda found, axes, keep: torch.linalg.vector_norm(found, 2, axes, keep),
    "ReduceLogSum": lambda found, axes, keep: found.sum(axes, keep).log(),
    "ReduceLogSumExp": torch.logsumexp,
    "ReduceMax": torch.amax,
    "ReduceMean": lambda found, axes, keep: found.mean(axes, keep),
    "ReduceMin": torch.amin,
    "ReduceProd": _product,
    "ReduceSum": lambda found, axes, keep: found.sum(axes, keep),
    "ReduceSumSquare": lambda found, axes, keep: found.square().sum(axes, keep),
}
_ANY = frozenset(range(64))

TABLE: dict[str, Operator] = {
    **{name: Operator(_reduced(function), host=frozenset({1})) for name, function in _REDUCTIONS.items()},
    "MatMul": Operator(lambda a, i: torch.matmul(needed(i, 0), needed(i, 1)), weights=_ANY),
    "Gemm": Operator(_gemm, weights=_ANY),
    "Einsum": Operator(_einsum, weights=_ANY),
    "Softmax": Operator(_softmax(torch.softmax)),
    "LogSoftmax": Operator(_softmax(torch.log_softmax)),
}
"""Names of the standard."""
