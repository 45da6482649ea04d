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
from onnx import AttributeProto, GraphProto, TensorProto, numpy_helper
from torch import Tensor

from benchmark.backbone.check_levels import EXPORT_AGAIN, check_levels, example_images
from benchmark.backbone.export import INPUT, OPSET
from benchmark.backbone.findings import Finding, failed
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
    interface = list(_check_interface(path, manifest))
    yield from interface
    if not failed(interface):
        yield from _compare(path, manifest, expected, tolerance)


def check_graph_alone(
    path: Path, manifest: BackboneManifest, images: Mapping[int, Tensor]
) -> Iterator[Finding]:
    """Compare a `backbone.onnx` that has no weights beside it with the manifest, by running it in onnxruntime.

    Args:
        path: the graph.
        manifest: what is declared.
        images: batch size to images of that batch.
    """
    interface = list(_check_interface(path, manifest))
    yield from interface
    if failed(interface):
        return
    try:
        bad = _not_finite(path)
    except (ValueError, TypeError) as error:
        yield Finding("error", path.name, f"has weights that cannot be read: {error}", EXPORT_AGAIN)
        return
    if bad:
        message = f"NaN or infinity in {len(bad)} tensors: {', '.join(bad[:3])}"
        yield Finding("error", path.name, message, EXPORT_AGAIN)
        return
    found, findings = _run(path, images)
    yield from findings
    for maps in found.values():
        yield from check_levels("ONNX", manifest, maps)


def _check_interface(path: Path, manifest: BackboneManifest) -> Iterator[Finding]:
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, OSError, ValueError) as error:
        yield Finding("error", path.name, f"is no readable ONNX file: {error}", EXPORT_AGAIN)
        return
    if problems := list(_interface_problems(model, manifest)):
        yield from (Finding("error", path.name, problem, EXPORT_AGAIN) for problem in problems)
    else:
        message = f"one file, opset {OPSET}, dynamic batch, operators of the standard only"
        yield Finding("ok", path.name, message)


def _interface_problems(model: onnx.ModelProto, manifest: BackboneManifest) -> Iterator[str]:
    domains = {entry.domain: entry.version for entry in model.opset_import}
    foreign = {n.domain for n in _nodes(model.graph)} - {"", "ai.onnx"}
    if model.training_info:
        yield "holds training information; expected a graph for inference"
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
    images = {batch: example_images(batch, manifest.input.side) for batch in expected}
    found, findings = _run(path, images)
    yield from findings
    if failed(findings):
        return
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


def _run(path: Path, images: Mapping[int, Tensor]) -> tuple[dict[int, tuple[Tensor, ...]], list[Finding]]:
    """Return the feature maps of each batch, and one finding; no maps where it says that nothing runs."""
    try:
        session = _session(path)
        found = {
            batch: tuple(
                torch.from_numpy(np.asarray(array)) for array in session.run(None, {INPUT: each.numpy()})
            )
            for batch, each in images.items()
        }
    except Exception as error:  # onnxruntime raises classes of its own that share no base but Exception
        return {}, [Finding("error", path.name, f"onnxruntime cannot run it: {error}", EXPORT_AGAIN)]
    batches = " and ".join(str(batch) for batch in images)
    message = f"run by onnxruntime for batches {batches} ({session.get_providers()[0]})"
    return found, [Finding("ok", path.name, message)]


def _not_finite(path: Path) -> list[str]:
    """Return the names of weights that hold NaN or an infinity."""
    graph = onnx.load(path, load_external_data=False).graph
    floats = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16}
    return [
        tensor.name[:100]
        for tensor in graph.initializer
        if tensor.data_type in floats and not np.isfinite(numpy_helper.to_array(tensor)).all()
    ]


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
