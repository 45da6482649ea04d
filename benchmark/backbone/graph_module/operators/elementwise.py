"""Operators that work value by value."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import torch
from onnx import TensorProto
from torch import Tensor
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.graph_module.node import (
    Attributes,
    Function,
    Inputs,
    Operator,
    given,
    needed,
)

_TYPES: dict[int, torch.dtype] = {
    TensorProto.FLOAT: torch.float32,
    TensorProto.DOUBLE: torch.float64,
    TensorProto.FLOAT16: torch.float16,
    TensorProto.BFLOAT16: torch.bfloat16,
    TensorProto.INT64: torch.int64,
    TensorProto.INT32: torch.int32,
    TensorProto.INT8: torch.int8,
    TensorProto.UINT8: torch.uint8,
    TensorProto.BOOL: torch.bool,
}


def _unary(function: Callable[[Tensor], Tensor]) -> Function:
    return lambda attributes, inputs: function(needed(inputs, 0))


def _binary(function: Callable[[Tensor, Tensor], Tensor]) -> Function:
    return lambda attributes, inputs: function(needed(inputs, 0), needed(inputs, 1))


def _many(function: Callable[[Tensor, Tensor], Tensor]) -> Function:
    return lambda attributes, inputs: reduce(function, [needed(inputs, i) for i in range(len(inputs))])


def _divide(attributes: Attributes, inputs: Inputs) -> Tensor:
    above, below = needed(inputs, 0), needed(inputs, 1)
    whole = not (above.is_floating_point() or below.is_floating_point())
    return torch.div(above, below, rounding_mode="trunc" if whole else None)


def _modulo(attributes: Attributes, inputs: Inputs) -> Tensor:
    function = torch.fmod if attributes.integer("fmod", 0) else torch.remainder
    return function(needed(inputs, 0), needed(inputs, 1))


def _mean(attributes: Attributes, inputs: Inputs) -> Tensor:
    return reduce(torch.add, [needed(inputs, i) for i in range(len(inputs))]) / len(inputs)


def _clip(attributes: Attributes, inputs: Inputs) -> Tensor:
    below, above = given(inputs, 1), given(inputs, 2)
    found = needed(inputs, 0)
    return found if below is None and above is None else torch.clamp(found, min=below, max=above)


def _prelu(attributes: Attributes, inputs: Inputs) -> Tensor:
    found = needed(inputs, 0)
    return torch.where(found >= 0, found, found * needed(inputs, 1))


def _selu(attributes: Attributes, inputs: Inputs) -> Tensor:
    alpha = attributes.number("alpha", 1.67326319217681884765625)
    return attributes.number("gamma", 1.05070102214813232421875) * F.elu(needed(inputs, 0), alpha)


def _hard_sigmoid(attributes: Attributes, inputs: Inputs) -> Tensor:
    alpha, beta = attributes.number("alpha", 0.2), attributes.number("beta", 0.5)
    return torch.clamp(alpha * needed(inputs, 0) + beta, 0, 1)


def _thresholded(attributes: Attributes, inputs: Inputs) -> Tensor:
    found = needed(inputs, 0)
    return torch.where(found > attributes.number("alpha", 1.0), found, torch.zeros_like(found))


def _where(attributes: Attributes, inputs: Inputs) -> Tensor:
    return torch.where(needed(inputs, 0), needed(inputs, 1), needed(inputs, 2))


def _cast(attributes: Attributes, inputs: Inputs) -> Tensor:
    """Of numbers and shapes any; of what an image shows between types of floats, whose cast has a gradient."""
    to, found = attributes.integer("to", 0), needed(inputs, 0)
    if to not in _TYPES:
        raise attributes.refuse(f"to type {TensorProto.DataType.Name(to) if to < 24 else to}")
    return found.to(_TYPES[to])


def _dropout(attributes: Attributes, inputs: Inputs) -> Tensor:
    return needed(inputs, 0)


_UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "Abs": torch.abs,
    "Cos": torch.cos,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "HardSwish": lambda found: found * torch.clamp(found / 6 + 0.5, 0, 1),
    "Identity": lambda found: found,
    "Log": torch.log,
    "Mish": F.mish,
    "Neg": torch.neg,
    "Reciprocal": torch.reciprocal,
    "Relu": torch.relu,
    "Sigmoid": torch.sigmoid,
    "Sin": torch.sin,
    "Softplus": lambda found: torch.logaddexp(found, torch.zeros_like(found)),
    "Softsign": F.softsign,
    "Sqrt": torch.sqrt,
    "Tanh": torch.tanh,
}
_STEPS: dict[str, Callable[[Tensor], Tensor]] = {
    "Ceil": torch.ceil,
    "Floor": torch.floor,
    "Round": torch.round,
    "Sign": torch.sign,
}
"""Their gradient is zero everywhere: only for shapes and constants."""
_COMPARISONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "And": torch.logical_and,
    "Equal": torch.eq,
    "Greater": torch.gt,
    "GreaterOrEqual": torch.ge,
    "Less": torch.lt,
    "LessOrEqual": torch.le,
    "Or": torch.logical_or,
    "Xor": torch.logical_xor,
}
_ANY = frozenset(range(64))

TABLE: dict[str, Operator] = {
    **{name: Operator(_unary(function)) for name, function in _UNARY.items()},
    **{name: Operator(_unary(function), differentiable=False) for name, function in _STEPS.items()},
    **{name: Operator(_binary(function)) for name, function in _COMPARISONS.items()},
    "Not": Operator(_unary(torch.logical_not)),
    "Add": Operator(_binary(torch.add), weights=_ANY),
    "Sub": Operator(_binary(torch.sub), weights=_ANY),
    "Mul": Operator(_binary(torch.mul), weights=_ANY),
    "Div": Operator(_divide),
    "Mod": Operator(_modulo, differentiable=False),
    "Pow": Operator(_binary(torch.pow)),
    "Max": Operator(_many(torch.maximum)),
    "Min": Operator(_many(torch.minimum)),
    "Sum": Operator(_many(torch.add), weights=_ANY),
    "Mean": Operator(_mean),
    "Where": Operator(_where),
    "Clip": Operator(_clip),
    "PRelu": Operator(_prelu, weights=frozenset({1})),
    "LeakyRelu": Operator(lambda a, i: F.leaky_relu(needed(i, 0), a.number("alpha", 0.01))),
    "Elu": Operator(lambda a, i: F.elu(needed(i, 0), a.number("alpha", 1.0))),
    "Celu": Operator(lambda a, i: F.celu(needed(i, 0), a.number("alpha", 1.0))),
    "Selu": Operator(_selu),
    "HardSigmoid": Operator(_hard_sigmoid),
    "ThresholdedRelu": Operator(_thresholded),
    "Cast": Operator(_cast),
    "Dropout": Operator(_dropout, host=frozenset({1, 2})),
}
"""Names of the standard."""
