"""What a function that executes an operator gets: attributes with names, tensors, and a way to say that it cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from onnx import AttributeProto, NodeProto, TensorProto, numpy_helper
from torch import Tensor

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.contract.untrusted import clean_text

Inputs = Sequence[Tensor | None]
"""Of a node, in their order; None for one that is left out."""
Function = Callable[["Attributes", Inputs], "Tensor | tuple[Tensor, ...]"]


class UntrainableError(BackboneError):
    """What a graph holds that is not executed here. The message names the operator."""


@dataclass(frozen=True)
class Operator:
    """How an operator of the standard, opset 18, is executed."""

    run: Function
    host: frozenset[int] = frozenset()
    """Positions of inputs that are read as numbers, such as shapes: they may not depend on what an image shows."""
    weights: frozenset[int] = frozenset()
    """Positions of inputs that are trained where they are constants."""
    differentiable: bool = True
    """Whether a gradient flows to what is no constant; where not, it computes shapes and constants only."""
    outputs: int | None = 1
    """How many it may have; None: any number."""


class Attributes:
    """Attributes of a node by name."""

    def __init__(self, node: NodeProto) -> None:
        self.operator = node.op_type
        self.outputs = len(node.output)
        self._values = {each.name: _value(node.op_type, each) for each in node.attribute}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def integer(self, name: str, default: int) -> int:
        return int(self._values.get(name, default))

    def number(self, name: str, default: float) -> float:
        return float(self._values.get(name, default))

    def text(self, name: str, default: str) -> str:
        return str(self._values.get(name, default))

    def integers(self, name: str, default: Sequence[int] | None = None) -> list[int] | None:
        found = self._values.get(name, default)
        return None if found is None else [int(each) for each in found]

    def value(self, name: str) -> Any:
        return self._values.get(name)

    def refuse(self, what: str) -> UntrainableError:
        """Return what to raise, for example of `with mode cubic`."""
        return UntrainableError(f"{self.operator} {clean_text(what, 100)} cannot be trained here")


def tensor_of(proto: TensorProto) -> Tensor:
    """Return a constant of a graph, on the CPU.

    Raises:
        UntrainableError: Of a type that torch does not have.
    """
    try:
        return torch.from_numpy(np.array(numpy_helper.to_array(proto)))
    except (TypeError, ValueError) as error:
        kind = onnx.TensorProto.DataType.Name(proto.data_type) if proto.data_type < 32 else "unknown"
        raise UntrainableError(f"constants of type {kind} cannot be trained here") from error


def numbers(tensor: Tensor | None) -> list[int]:
    """Return the integers of an input that is read as numbers."""
    assert tensor is not None, "the caller knows that it is there"
    return [int(each) for each in tensor.reshape(-1).tolist()]


def given(inputs: Inputs, position: int) -> Tensor | None:
    """Return an optional input, None where it is left out."""
    return inputs[position] if position < len(inputs) else None


def needed(inputs: Inputs, position: int) -> Tensor:
    """Return an input that has to be there."""
    found = given(inputs, position)
    if found is None:
        raise UntrainableError(f"input {position} of a node is missing")
    return found


def axes_of(dimensions: int, axes: Sequence[int]) -> list[int]:
    """Return axes counted from the front."""
    found = [axis + dimensions if axis < 0 else axis for axis in axes]
    if any(not 0 <= axis < dimensions for axis in found) or len(set(found)) < len(found):
        raise UntrainableError(f"axes {list(axes)[:8]} do not fit {dimensions} dimensions")
    return found


def merged(*tables: Mapping[str, Operator]) -> dict[str, Operator]:
    """Return tables as one."""
    return {name: operator for table in tables for name, operator in table.items()}


def _value(operator: str, attribute: AttributeProto) -> Any:
    if attribute.ref_attr_name or attribute.type in (
        AttributeProto.GRAPH,
        AttributeProto.GRAPHS,
        AttributeProto.SPARSE_TENSOR,
        AttributeProto.SPARSE_TENSORS,
    ):
        raise UntrainableError(f"{operator} with {clean_text(attribute.name, 40)} cannot be trained here")
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, TensorProto):
        return tensor_of(value)
    return value.decode(errors="replace") if isinstance(value, bytes) else value
