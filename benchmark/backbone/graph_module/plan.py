"""What of a graph is computed once, what for each batch, and what is trained.

Constants are folded: what a graph computes from constants alone is computed here, and what comes out takes its place.
Then each node is one of two kinds. It reads what an image shows, and is executed where the image lies; or it reads only
the shape of a batch (`Shape`), and computes numbers on the CPU for others to read as shapes, axes and indices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import torch
from onnx import GraphProto, ModelProto, NodeProto
from torch import Tensor

from lovt_bench.benchmark.backbone.export import INPUT
from lovt_bench.benchmark.backbone.graph_module.node import (
    Attributes,
    Inputs,
    Operator,
    UntrainableError,
    tensor_of,
)
from lovt_bench.benchmark.backbone.graph_module.operators import OPERATORS
from lovt_bench.benchmark.backbone.weights import listing
from lovt_bench.benchmark.contract.run_contract import GIB
from lovt_bench.benchmark.contract.untrusted import clean_text

NODES = 20_000
"""Nodes that a graph may have; the largest networks of timm have a third."""
CONSTANTS = 2 * GIB
"""Bytes of folded constants."""

_OF_TABLES = frozenset({"Add", "Concat", "Expand", "Sub", "Sum", "Tile"})
"""Operators that read weights and masks alike."""


@dataclass(frozen=True)
class Reference:
    """Where an input of a step lies."""

    kind: str
    """`value` of an earlier step, `constant` where the images lie (trained or not), or `number` on the CPU."""
    name: str


@dataclass(frozen=True)
class Step:
    """A node that is executed for each batch."""

    operator: Operator
    attributes: Attributes
    inputs: tuple[Reference | None, ...]
    outputs: tuple[str, ...]
    on_host: bool
    """Whether it computes numbers from shapes, on the CPU."""
    last: tuple[str, ...]
    """Values that no later step reads."""


@dataclass
class Plan:
    """A graph as steps, and the constants that they read."""

    steps: list[Step] = field(default_factory=list)
    weights: dict[str, Tensor] = field(default_factory=dict)
    """Trained."""
    fixed: dict[str, Tensor] = field(default_factory=dict)
    """Not trained, read where the image lies."""
    numbers: dict[str, Tensor] = field(default_factory=dict)
    """Read on the CPU."""


def make_plan(model: ModelProto) -> Plan:
    """Return the plan of a graph that keeps to `graph_rules`.

    Raises:
        UntrainableError: Operators, or ways to use them, that cannot be trained here; all operators are named.
    """
    graph = model.graph
    if len(graph.node) > NODES:
        raise UntrainableError(
            f"a graph of {len(graph.node):,} nodes cannot be trained here, of {NODES:,} it can"
        )
    _check_operators(graph)
    return _Planner(graph).plan()


def _check_operators(graph: GraphProto) -> None:
    if unknown := {node.op_type for node in graph.node} - OPERATORS.keys():
        raise UntrainableError(f"{clean_text(listing(unknown))} cannot be trained here")
    if graph.sparse_initializer:
        raise UntrainableError("sparse constants cannot be trained here")
    for node in graph.node:
        written = OPERATORS[node.op_type].outputs
        if written is not None and any(node.output[written:]):
            raise UntrainableError(f"{node.op_type} with {len(node.output)} outputs cannot be trained here")


class _Planner:
    def __init__(self, graph: GraphProto) -> None:
        self._graph = graph
        self._constants = {each.name: tensor_of(each) for each in graph.initializer}
        self._size = sum(map(_bytes, self._constants.values()))
        self._images = {INPUT}
        """Values that depend on what an image shows, or are computed from weights."""
        self._hosts: set[str] = set()
        """Values that depend on the shape of a batch alone."""
        self._uniform: dict[str, bool] = {}
        self._same: dict[str, str] = {}
        """Constants that `Identity` only gives another name, as exporters do with tied weights."""
        self._made = Plan()

    def plan(self) -> Plan:
        kept = [node for node in self._graph.node if not self._folded(node)]
        self._find_weights(kept)
        last = _last_readers(kept, {*self._constants, *(value.name for value in self._graph.output)})
        for index, node in enumerate(kept):
            self._made.steps.append(self._step(node, last.get(index, ())))
        if fixed := [each.name for each in self._graph.output if each.name not in self._images]:
            raise UntrainableError(
                f"{clean_text(listing(fixed))} does not depend on the image: nothing can be trained"
            )
        if not self._made.weights:
            raise UntrainableError("the graph holds no weights: nothing can be trained")
        return self._made

    def _folded(self, node: NodeProto) -> bool:
        """Compute a node that reads constants alone; return whether it is one."""
        read = [name for name in node.input if name]
        for name in read:
            if name not in self._constants and name not in self._images and name not in self._hosts:
                raise UntrainableError(
                    f"{node.op_type} reads {clean_text(name, 80)}, which is not computed before it"
                )
        if all(name in self._constants for name in read):
            attributes = Attributes(node)
            found = execute(
                OPERATORS[node.op_type], attributes, [self._constants[n] if n else None for n in node.input]
            )
            for name, tensor in zip(node.output, found, strict=False):
                if node.op_type == "Identity":
                    self._same[name] = self._same.get(read[0], read[0])
                self._constants[name] = tensor.contiguous()
                self._size += _bytes(tensor)
            if self._size > CONSTANTS:
                raise UntrainableError(f"constants of more than {CONSTANTS >> 30} GiB cannot be trained here")
            return True
        operator = OPERATORS[node.op_type]
        shows = any(
            name in self._images
            or (position in operator.weights and _repeated(node) and self._is_weight(node, name))
            for position, name in enumerate(node.input)
            if name and position not in operator.host
        )
        if node.op_type in ("Shape", "Size") or not shows:
            self._hosts.update(filter(None, node.output))
        else:
            self._images.update(filter(None, node.output))
        return False

    def _step(self, node: NodeProto, last: tuple[str, ...]) -> Step:
        operator = OPERATORS[node.op_type]
        on_host = self._on_host(node)
        if not on_host and not operator.differentiable:
            raise UntrainableError(f"{node.op_type} has no gradient and cannot be trained here")
        references = tuple(
            self._reference(node, position, on_host or position in operator.host) if name else None
            for position, name in enumerate(node.input)
        )
        return Step(operator, Attributes(node), references, tuple(node.output), on_host, last)

    def _reference(self, node: NodeProto, position: int, as_numbers: bool) -> Reference:
        name = node.input[position]
        if name not in self._constants:
            if as_numbers and name in self._images and node.op_type not in ("Shape", "Size"):
                raise UntrainableError(
                    f"{node.op_type} whose shape depends on what an image shows cannot be trained here"
                )
            return Reference("value", name)
        tensor = self._constants[name]
        if as_numbers:
            self._made.numbers[name] = tensor
            return Reference("number", name)
        weight = self._weight_name(node, position)
        if weight in self._made.weights:
            return Reference("constant", weight)
        self._made.fixed[name] = tensor
        return Reference("constant", name)

    def _on_host(self, node: NodeProto) -> bool:
        return not any(name in self._images for name in node.output)

    def _find_weights(self, kept: Iterable[NodeProto]) -> None:
        for node in kept:
            if self._on_host(node):
                continue
            for position, name in enumerate(node.input):
                if position in OPERATORS[node.op_type].weights and self._is_weight(node, name):
                    weight = self._weight_name(node, position)
                    if weight not in self._made.weights:
                        # A copy: a constant that is stored once may be read as several weights, and beside them.
                        self._made.weights[weight] = self._constants[name].clone()

    def _weight_name(self, node: NodeProto, position: int) -> str:
        """Return the name of a weight: one of equal values throughout is another at each place that reads it.

        Exporters store equal tensors once, zero biases for example. Other tensors that are read twice are shared.
        """
        name = self._same.get(node.input[position], node.input[position])
        if name not in self._uniform:
            tensor = self._constants[name]
            self._uniform[name] = bool((tensor == tensor.reshape(-1)[:1]).all())
        return f"{name}/{node.output[0]}/{position}" if self._uniform[name] else name

    def _is_weight(self, node: NodeProto, name: str) -> bool:
        tensor = self._constants.get(name)
        if tensor is None or tensor.dtype != torch.float32 or tensor.numel() < 2:
            return False
        long = sum(size > 1 for size in tensor.shape)
        if node.op_type == "Mul":
            return long == 1  # a scale of channels; tables of sines and cosines are none
        return not (node.op_type in _OF_TABLES and long > 1 and _is_mask(tensor))


def execute(operator: Operator, attributes: Attributes, inputs: Inputs) -> tuple[Tensor, ...]:
    """Return the outputs of a node.

    Raises:
        UntrainableError: The operator, as it is used here, is not executed.
    """
    try:
        found = operator.run(attributes, inputs)
    except (UntrainableError, torch.OutOfMemoryError):  # of a GPU: the engine makes room
        raise
    except (RuntimeError, ValueError, TypeError, IndexError, ZeroDivisionError, OverflowError) as error:
        reason = clean_text(str(error).split("\n")[0], 150)
        raise UntrainableError(f"{attributes.operator} cannot be executed by torch: {reason}") from error
    return found if isinstance(found, tuple) else (found,)


def _repeated(node: NodeProto) -> bool:
    """Return whether a node gives each image its copy of a constant, such as a class token."""
    return node.op_type in ("Expand", "Tile")


def _is_mask(tensor: Tensor) -> bool:
    """Return whether a table holds two values at most, as what is added before a softmax to leave pairs out."""
    return tensor.unique().numel() <= 2


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _last_readers(kept: list[NodeProto], stay: set[str]) -> Mapping[int, tuple[str, ...]]:
    """Return, by the index of a node, the names of values that no later one reads, those that stay left out."""
    readers: dict[str, int] = {}
    for index, node in enumerate(kept):
        for name in (*node.input, *node.output):
            if name and name not in stay:
                readers[name] = index
    found: dict[int, tuple[str, ...]] = {}
    for name, index in readers.items():
        found[index] = (*found.get(index, ()), name)
    return found
