"""A graph cut to what its levels need, under the names of the contract."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import ModelProto

from lovt_bench.benchmark.backbone.graph_rules import graphs


def cut_out(model: ModelProto, image: str, names: Mapping[str, str]) -> ModelProto:
    """Return a graph with these names alone: what no output needs, and all text about its making, is left out.

    Args:
        model: Unchanged afterwards.
        image: The input.
        names: New name by old one, of the input and of every output that stays, in the order of the new outputs.
    """
    new = ModelProto()
    new.CopyFrom(model)
    graph = new.graph
    wanted = [name for name in names if name != image]
    needed = _needed_nodes(new, wanted)
    kept = [node for index, node in enumerate(graph.node) if index in needed]
    read = {name for node in kept for name in _read_by(node)} | set(wanted)
    outputs = {value.name: value for value in graph.output}
    replaced: list[tuple[object, list[object]]] = [
        (graph.node, kept),
        (graph.initializer, [each for each in graph.initializer if each.name in read]),
        (graph.sparse_initializer, [each for each in graph.sparse_initializer if each.values.name in read]),
        (graph.input, [value for value in graph.input if value.name == image]),
        (graph.output, [outputs[name] for name in wanted]),
        (graph.value_info, []),
        (graph.quantization_annotation, []),
    ]
    for field, values in replaced:
        copies = [type(value).FromString(value.SerializeToString()) for value in values]  # type: ignore[attr-defined]
        del field[:]  # type: ignore[attr-defined]
        field.extend(copies)  # type: ignore[attr-defined]
    _rename(new, names)
    new.producer_name, new.producer_version, new.domain, new.doc_string = "lovt-bench", "", "", ""
    del new.metadata_props[:]
    for each in graphs(graph):
        each.name, each.doc_string = "backbone", ""
        for part in (each, *each.node, *each.initializer, *each.input, *each.output):
            part.doc_string = ""
            del part.metadata_props[:]
    return new


def _needed_nodes(model: ModelProto, outputs: list[str]) -> set[int]:
    """Return the indices of the nodes that lead to outputs."""
    maker = {name: index for index, node in enumerate(model.graph.node) for name in node.output if name}
    needed: set[int] = set()
    waiting = [maker[name] for name in outputs if name in maker]
    while waiting:
        index = waiting.pop()
        if index not in needed:
            needed.add(index)
            waiting.extend(maker[name] for name in _read_by(model.graph.node[index]) if name in maker)
    return needed


def _read_by(node: onnx.NodeProto) -> set[str]:
    """Return the names that a node reads, those inside its graphs too."""
    inner = [
        graph
        for attribute in node.attribute
        for graph in ([attribute.g] if attribute.HasField("g") else attribute.graphs)
    ]
    within = {name for graph in inner for each in graph.node for name in _read_by(each)}
    within |= {value.name for graph in inner for value in graph.output}
    return set(node.input) | within


def _rename(model: ModelProto, names: Mapping[str, str]) -> None:
    """Give tensors their new names; one that has a new name already, and is another, moves out of the way."""
    taken = {
        name for graph in graphs(model.graph) for node in graph.node for name in (*node.input, *node.output)
    }
    mapping = dict(names)
    for name in set(names.values()) & taken - names.keys():
        mapping[name] = _free(name, taken | set(names.values()))
    for graph in graphs(model.graph):
        for node in graph.node:
            node.input[:] = [mapping.get(name, name) for name in node.input]
            node.output[:] = [mapping.get(name, name) for name in node.output]
        for each in (*graph.initializer, *graph.input, *graph.output):
            each.name = mapping.get(each.name, each.name)
        for sparse in graph.sparse_initializer:
            sparse.values.name = mapping.get(sparse.values.name, sparse.values.name)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
