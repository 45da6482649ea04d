"""Feature levels of a graph: declared by the submitter, or deduced from the shapes that follow from an image's side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx
from onnx import ModelProto, TensorProto

from lovt_bench.benchmark.backbone.graph_rules import dimensions
from lovt_bench.benchmark.backbone.model import STRIDES, BackboneError, level_of
from lovt_bench.benchmark.contract.backbone import FeatureLevel
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.benchmark.contract.untrusted import clean_text

SIDE = 224
"""Image side at which shapes are worked out where the graph leaves it open: the published one."""


@dataclass(frozen=True)
class GraphLevels:
    """Input and outputs of a graph as a backbone's."""

    input: str
    side: int
    """Image side of the manifest: the graph's only one, else the published one."""
    levels: Mapping[str, FeatureLevel]
    """By the name of the output, in ascending stride."""
    ignored: tuple[str, ...]
    """Other outputs."""


def declared_level(text: str) -> tuple[str, int]:
    """Return output and stride of `OUTPUT=STRIDE`.

    Raises:
        BackboneError: Written in another way.
    """
    output, equals, stride = text.rpartition("=")
    if not equals or not output or not stride.isdecimal() or int(stride[:4]) not in STRIDES:
        raise BackboneError(
            f"--level {clean_text(text, 100)}: expected OUTPUT=STRIDE, the name of an output of the graph and one of "
            f"{', '.join(map(str, STRIDES))}, for example c2=4"
        )
    return output, int(stride)


def graph_levels(model: ModelProto, declared: Mapping[str, int]) -> GraphLevels:
    """Return the levels of a graph.

    Args:
        model: Keeps to the rules of `graph_rules`.
        declared: Stride by output; empty: every output of four dimensions is a level, its stride follows from its
            shape.

    Raises:
        BackboneError: Another input than images, an output that is not there, shapes that contradict the declaration,
            that cannot be worked out, or that no head asks for.
    """
    image, side = _input(model)
    shapes = _shapes(model, image, side)
    if unknown := [name for name in declared if name not in shapes]:
        raise BackboneError(
            f"the graph has no output {_names(unknown)}{meant(unknown[0], shapes)}; its outputs: {_names(shapes)}"
        )
    unsaid: dict[str, int | None] = {
        n: None for n, shape in shapes.items() if shape is None or len(shape) == 4
    }
    wanted: Mapping[str, int | None] = declared or unsaid
    found: dict[str, FeatureLevel] = {}
    for name, stride in wanted.items():
        shape = shapes[name]
        deduced = None if shape is None else _stride(name, shape, side)
        if shape is None or deduced is None:
            raise BackboneError(
                f"the shape of output {_names([name])} cannot be worked out; export the graph with shapes: "
                "onnx.shape_inference.infer_shapes, or a fixed height and width"
            )
        if stride is not None and stride != deduced:
            raise BackboneError(
                f"output {_names([name])} is declared with stride {stride}; its shape {list(shape)} at {side} pixels "
                f"means {deduced}"
            )
        found[name] = level_of(deduced, shape[1])
    _check_distinct(found, shapes)
    ordered = dict(sorted(found.items(), key=lambda item: item[1].stride))
    return GraphLevels(image, side, ordered, tuple(name for name in shapes if name not in found))


def _input(model: ModelProto) -> tuple[str, int]:
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    found = "; ".join(f"{_names([value.name])} {dimensions(value)}" for value in inputs[:4]) or "none"
    expected = (
        "expected one input (batch, 3, side, side), float32, the batch dynamic, the side fixed or dynamic"
    )
    if len(inputs) != 1 or len(sides := dimensions(inputs[0])) != 4:
        raise BackboneError(f"the graph has the inputs {found}; {expected}")
    if inputs[0].type.tensor_type.elem_type != TensorProto.FLOAT:
        raise BackboneError(f"the input {found} does not hold float32; {expected}")
    batch, channels, height, width = sides
    if batch is not None:
        raise BackboneError(
            f"the batch of the input is fixed to {batch}; export the graph with a dynamic batch"
        )
    if channels != 3:
        raise BackboneError(
            f"the input {found} does not have three channels in second place; {expected}. Put a Transpose, or the mean "
            "of the channels, in front"
        )
    if height != width or (height is not None and (height <= 0 or height % 32)):
        raise BackboneError(f"the input {found} is not square with a side divisible by 32; {expected}")
    return inputs[0].name, height or SIDE


def _shapes(model: ModelProto, image: str, side: int) -> dict[str, tuple[int, ...] | None]:
    """Return the shape of every output for one image, None where it cannot be worked out."""
    probe = ModelProto()
    probe.CopyFrom(model)
    for value in probe.graph.input:
        if value.name == image:
            for entry, size in zip(value.type.tensor_type.shape.dim, (1, 3, side, side), strict=True):
                entry.dim_value = size
    for value in probe.graph.output:
        value.type.tensor_type.ClearField("shape")
    del probe.graph.value_info[:]
    try:
        inferred = onnx.shape_inference.infer_shapes(probe, data_prop=True)
    except Exception as error:  # onnx raises classes of its own for graphs that contradict themselves
        raise BackboneError(f"the graph contradicts itself: {clean_text(str(error), 200)}") from error
    shapes: dict[str, tuple[int, ...] | None] = {}
    for value, original in zip(inferred.graph.output, model.graph.output, strict=True):
        if value.type.tensor_type.elem_type not in (TensorProto.FLOAT, TensorProto.UNDEFINED):
            raise BackboneError(
                f"output {_names([value.name])} does not hold float32; end the graph with a Cast"
            )
        known = dimensions(value)
        if not known or None in known:
            known = (1, *dimensions(original)[1:]) if dimensions(original) else ()
        shapes[value.name] = None if not known or None in known else tuple(size or 0 for size in known)
    return shapes


def _stride(name: str, shape: tuple[int, ...], side: int) -> int | None:
    if len(shape) != 4 or shape[2] != shape[3] or not shape[2] or side % shape[2]:
        raise BackboneError(
            f"output {_names([name])} has the shape {list(shape)} at {side} pixels; a feature level has (batch, "
            "channels, side / stride, side / stride). Name the outputs that are levels: --level OUTPUT=STRIDE"
        )
    stride = side // shape[2]
    if stride not in STRIDES:
        raise BackboneError(
            f"output {_names([name])} has stride {stride}; heads ask for {', '.join(map(str, STRIDES))}. Name the "
            "outputs that are levels: --level OUTPUT=STRIDE"
        )
    return stride


def _check_distinct(found: Mapping[str, FeatureLevel], shapes: Mapping[str, object]) -> None:
    if not found:
        raise BackboneError(
            f"no output is a feature level, four-dimensional; the graph has {_names(shapes) or 'none'}"
        )
    strides = [level.stride for level in found.values()]
    if repeated := sorted({stride for stride in strides if strides.count(stride) > 1}):
        names = _names([name for name, level in found.items() if level.stride in repeated])
        raise BackboneError(f"{names} have the same stride; say which are meant: --level OUTPUT=STRIDE")


def _names(names: Mapping[str, object] | Sequence[str]) -> str:
    shown = [clean_text(name, 80) or "(no visible name)" for name in list(names)[:8]]
    return ", ".join(shown) + (" …" if len(names) > 8 else "")
