"""Small ONNX graphs as submitters bring them, written with onnx's own helpers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper

STRIDES = (2, 4, 8, 16, 32)
CHANNELS = 4


def pyramid(
    *,
    side: int | str = "side",
    batch: int | str = "batch",
    strides: tuple[int, ...] = STRIDES,
    opset: int = 18,
    classifier: bool = False,
    names: tuple[str, ...] = (),
) -> ModelProto:
    """Return `pixels` (batch, 3, side, side) -> one output per stride, halved by a strided convolution each time.

    Args:
        side: A number, or a name that leaves height and width open.
        batch: The same for the batch.
        strides: Those that are outputs; the others are computed all the same.
        opset: Version of the standard's operators.
        classifier: Whether pooled features are an output, too.
        names: Names of the outputs, `level2` and so on by default.
    """
    rng = np.random.default_rng(0)
    below, wide = "pixels", 3
    nodes, weights, outputs = [], [], []
    labels = dict(zip(strides, names or [f"level{stride}" for stride in strides], strict=True))
    for stride in STRIDES:
        weight = rng.normal(size=(CHANNELS, wide, 2, 2)).astype(np.float32)
        weights.append(numpy_helper.from_array(weight, f"w{stride}"))
        level = labels.get(stride, f"inner{stride}")
        nodes.append(
            helper.make_node("Conv", [below, f"w{stride}"], [level], kernel_shape=[2, 2], strides=[2, 2])
        )
        if stride in labels:
            outputs.append(_value(level, [batch, CHANNELS, *_sides(side, stride)]))
        below, wide = level, CHANNELS
    if classifier:
        nodes.append(helper.make_node("GlobalAveragePool", [below], ["pooled"]))
        nodes.append(helper.make_node("Flatten", ["pooled"], ["embedding"]))
        outputs.append(_value("embedding", [batch, CHANNELS]))
    graph = helper.make_graph(nodes, "main", [_value("pixels", [batch, 3, side, side])], outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def saved(model: ModelProto, path: Path) -> Path:
    """Write the bytes of a model, whatever it says of other files; return the path."""
    path.write_bytes(model.SerializeToString())
    return path


def _value(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _sides(side: int | str, stride: int) -> list[int | str]:
    return [side // stride if isinstance(side, int) else f"{side}_{stride}"] * 2
