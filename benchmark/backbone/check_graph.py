"""The ONNX graph of a backbone, looked at before it is run, and run beside PyTorch.

A graph that refers to other files or to operators outside the ONNX standard is never run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import AttributeProto, GraphProto, TensorProto
from torch import Tensor

from benchmark.backbone.check_levels import EXPORT_AGAIN, check_levels, example_images
from benchmark.backbone.export import INPUT, OPSET
from benchmark.backbone.findings import Finding
from benchmark.contract.backbone import BackboneManifest


def check_graph(
    path: Path, manifest: BackboneManifest, expected: Mapping[int, tuple[Tensor, ...]], tolerance: float
) -> Iterator[Finding]:
    """Compare `backbone.onnx` with the manifest, then with PyTorch by running it in onnxruntime.

    Args:
        path: the graph.
        manifest: what is declared.
        expected: batch size to PyTorch's feature maps of `example_images` of that batch.
        tolerance: largest difference of a level, relative to its largest absolute value.
    """
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, OSError, ValueError) as error:
        yield Finding("error", path.name, f"is no readable ONNX file: {error}", EXPORT_AGAIN)
        return
    problems = list(_interface_problems(model, manifest))
    if problems:
        yield from (Finding("error", path.name, problem, EXPORT_AGAIN) for problem in problems)
        return
    yield Finding("ok", path.name, f"one file, opset {OPSET}, dynamic batch, operators of the standard only")
    yield from _compare(path, manifest, expected, tolerance)


def _interface_problems(model: onnx.ModelProto, manifest: BackboneManifest) -> Iterator[str]:
    domains = {entry.domain: entry.version for entry in model.opset_import}
    foreign = {n.domain for n in _nodes(model.graph)} - {"", "ai.onnx"}
    if foreign or model.functions:
        yield f"uses operators outside the ONNX standard: {', '.join(sorted(foreign)) or 'functions'}"
    if domains.get("", domains.get("ai.onnx")) != OPSET:
        yield f"opset {domains}, expected {OPSET}"
    if any(tensor.data_location == TensorProto.EXTERNAL for tensor in _tensors(model.graph)):
        yield "keeps weights in another file; expected a single file"
    side = manifest.input.side
    inputs = [(value.name, _dimensions(value)) for value in model.graph.input]
    if inputs != [(INPUT, (None, manifest.input.channels, side, side))]:
        yield f"inputs {inputs}, expected {INPUT} of (batch, {manifest.input.channels}, {side}, {side})"
    outputs = {value.name: _dimensions(value) for value in model.graph.output}
    declared = {
        level.name: (None, level.channels, side // level.stride, side // level.stride)
        for level in manifest.levels
    }
    if list(outputs.items()) != list(declared.items()):
        yield f"outputs {outputs}, declared {declared} (None: dynamic)"


def _compare(
    path: Path, manifest: BackboneManifest, expected: Mapping[int, tuple[Tensor, ...]], tolerance: float
) -> Iterator[Finding]:
    try:
        session = _session(path)
        found = {
            batch: tuple(
                torch.from_numpy(np.asarray(array))
                for array in session.run(None, {INPUT: example_images(batch, manifest.input.side).numpy()})
            )
            for batch in expected
        }
    except Exception as error:  # onnxruntime raises classes of its own that share no base but Exception
        yield Finding("error", path.name, f"onnxruntime cannot run it: {error}", EXPORT_AGAIN)
        return
    batches = " and ".join(str(batch) for batch in expected)
    yield Finding("ok", path.name, f"run by onnxruntime for batches {batches} ({session.get_providers()[0]})")
    for maps in found.values():
        yield from (one for one in check_levels("ONNX", manifest, maps) if one.level != "ok")
    for position, level in enumerate(manifest.levels):
        pairs = [(found[batch][position], expected[batch][position]) for batch in expected]
        if any(got.shape != wanted.shape for got, wanted in pairs):
            continue
        worst = max(relative_error(got, wanted) for got, wanted in pairs)
        message = f"ONNX differs by {worst:.1e} of the largest value, allowed {tolerance:.0e}"
        if worst <= tolerance:
            yield Finding("ok", level.name, message)
        else:
            yield Finding("error", level.name, message, EXPORT_AGAIN)


def relative_error(found: Tensor, expected: Tensor) -> float:
    """Return max |found - expected| / max |expected|; infinite where a value is not finite."""
    scale = max(float(expected.abs().max()), torch.finfo(torch.float32).tiny)
    error = float((found - expected).abs().max()) / scale
    return error if np.isfinite(error) else float("inf")


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    providers: list[Any] = ["CPUExecutionProvider"]
    if torch.cuda.is_available():
        providers.insert(0, ("CUDAExecutionProvider", {"use_tf32": "0"}))
    return onnxruntime.InferenceSession(str(path), options, providers=providers)


def _dimensions(value: onnx.ValueInfoProto) -> tuple[int | None, ...]:
    shape = value.type.tensor_type.shape
    return tuple(entry.dim_value if entry.HasField("dim_value") else None for entry in shape.dim)


def _graphs(graph: GraphProto) -> Iterator[GraphProto]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            inner: Iterable[GraphProto] = (
                [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs
            )
            for each in inner:
                yield from _graphs(each)


def _nodes(graph: GraphProto) -> Iterator[onnx.NodeProto]:
    for each in _graphs(graph):
        yield from each.node


def _tensors(graph: GraphProto) -> Iterator[TensorProto]:
    for each in _graphs(graph):
        yield from each.initializer
        for sparse in each.sparse_initializer:
            yield from (sparse.values, sparse.indices)
        for node in each.node:
            for attribute in node.attribute:
                yield from (attribute.t, *attribute.tensors)
                yield from (attribute.sparse_tensor.values, attribute.sparse_tensor.indices)
