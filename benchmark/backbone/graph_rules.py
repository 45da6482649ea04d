"""What an ONNX graph must be before it is run: one file, operators of inference alone, nothing drawn, no lies.

Nothing here runs a graph.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

from lovt_bench.benchmark.backbone.export import OPSET
from lovt_bench.benchmark.backbone.graph_operators import operator_problems
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.contract.untrusted import clean_text

SIZE_LIMIT = 1 << 30
"""Bytes of a graph: 250 million parameters in float32."""

FLOATS = frozenset({TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16})


def read_graph(path: Path) -> ModelProto:
    """Return the model of a file; no other file is opened, whatever it refers to.

    Raises:
        BackboneError: Missing, empty, too large, or no ONNX.
    """
    check_size(path)
    name = clean_text(path.name, 80)
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, OSError, ValueError) as error:
        raise BackboneError(
            f"{name} is no readable ONNX file: {clean_text(str(error), 120)}. It may be cut off: compare its size "
            "with the original and copy it again"
        ) from error
    if not model.graph.node:
        raise BackboneError(f"{name} is no readable ONNX file: it holds no graph")
    return model


def check_size(path: Path) -> int:
    """Return the size of an ONNX file in bytes.

    Raises:
        BackboneError: Missing, empty or too large.
    """
    if not path.is_file():
        found = "is no plain file" if path.exists() else "is not there"
        raise BackboneError(f"no ONNX file: {clean_text(str(path), 200)} {found}; --weights names the graph")
    size = path.stat().st_size
    if not 0 < size <= SIZE_LIMIT:
        raise BackboneError(
            f"{clean_text(path.name, 80)} has {size:,} bytes, expected 1 to {SIZE_LIMIT:,}: one graph with its weights"
        )
    return size


def rule_problems(model: ModelProto, size: int) -> Iterator[str]:
    """Yield what forbids that a graph is run, in sentences that say what to do.

    Args:
        model: The graph.
        size: Bytes of its file.
    """
    opsets = {(entry.domain or "ai.onnx", entry.version) for entry in model.opset_import}
    used = list(nodes(model.graph))
    foreign = {node.domain for node in used} - {"", "ai.onnx"}
    if model.training_info:
        yield "holds training information; expected a graph for inference"
    if foreign or model.functions:
        where = clean_text(", ".join(sorted(foreign)), 100) or "functions"
        yield f"uses operators outside the ONNX standard: {where}; export with standard operators only"
    if {version for domain, version in opsets if domain == "ai.onnx"} != {OPSET}:
        found = clean_text(
            ", ".join(f"{domain} {version}" for domain, version in sorted(opsets)) or "none", 100
        )
        convert = f"onnx.version_converter.convert_version(model, {OPSET})"
        yield f"opset {found}, expected {OPSET}; {convert} converts it"
    if any(
        tensor.data_location == TensorProto.EXTERNAL or tensor.external_data
        for tensor in tensors(model.graph)
    ):
        yield (
            "keeps weights in another file; expected a single file: "
            "onnx.save(onnx.load(FILE), NEW, save_as_external_data=False) where both files are"
        )
    if lying := [each.name for each in tensors(model.graph) if elements(each) > 2 * size]:
        yield f"claims tensors larger than the file: {clean_text(', '.join(lying[:3]), 100)}; save it again"
    if any(
        len({each.name for each in graph.initializer}) < len(graph.initializer)
        for graph in graphs(model.graph)
    ):
        yield "gives two constants one name, and which of them counts is left to the reader; save it again"
    yield from operator_problems(used)


def elements(tensor: TensorProto) -> int:
    """Return the number of values that a tensor claims to have; a negative dimension counts as endless."""
    return 1 << 62 if any(size < 0 for size in tensor.dims) else math.prod(tensor.dims)


def parameter_count(model: ModelProto) -> int:
    """Return the number of floating-point constants in a graph."""
    return sum(elements(tensor) for tensor in tensors(model.graph) if tensor.data_type in FLOATS)


def graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """Yield a graph and those inside its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            inner: Iterable[GraphProto] = (
                [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs
            )
            for each in inner:
                yield from graphs(each)


def nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """Yield all nodes, those of inner graphs too."""
    for each in graphs(graph):
        yield from each.node


def tensors(graph: GraphProto) -> Iterator[TensorProto]:
    """Yield all constants, those of inner graphs and of attributes too."""
    for each in graphs(graph):
        yield from each.initializer
        for sparse in each.sparse_initializer:
            yield from (sparse.values, sparse.indices)
        for node in each.node:
            for attribute in node.attribute:
                yield from (attribute.t, *attribute.tensors)
                yield from (attribute.sparse_tensor.values, attribute.sparse_tensor.indices)


def dimensions(value: onnx.ValueInfoProto) -> tuple[int | None, ...]:
    """Return the declared sides of an input or output, None where they are not fixed."""
    shape = value.type.tensor_type.shape
    return tuple(entry.dim_value if entry.HasField("dim_value") else None for entry in shape.dim)


def fixed_side(model: ModelProto) -> int | None:
    """Return the only image side that a graph takes, None where its input leaves height and width open."""
    sides = dimensions(model.graph.input[0])[2:] if model.graph.input else ()
    return next((side for side in sides if side is not None), None)
