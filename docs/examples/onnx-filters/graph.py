"""The filters as an ONNX graph, written with onnx's own helpers: no framework traces or exports anything."""

from __future__ import annotations

import numpy as np
import onnx
from filters import KERNEL, PAD, STRIDE
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 18, 10


def make_graph(layers: list[np.ndarray], side: int) -> onnx.ModelProto:
    """Return a graph `image` (batch, 3, side, side) -> `c1`, `c2`, ...: each a convolution and a ReLU, half the size.

    The three channels of `image` are equal (the contract repeats a grey image); the first layer looks at the first.
    """
    first = layers[0]
    weights = [np.concatenate([first, np.zeros_like(first), np.zeros_like(first)], axis=1), *layers[1:]]
    nodes, outputs, below = [], [], "image"
    for number, weight in enumerate(weights, start=1):
        answer, level, extent = f"answer{number}", f"c{number}", side // 2**number
        nodes.append(
            helper.make_node(
                "Conv", [below, f"filters{number}"], [answer],
                kernel_shape=[KERNEL, KERNEL], strides=[STRIDE, STRIDE], pads=[PAD, PAD, PAD, PAD],
            )
        )  # fmt: skip
        nodes.append(helper.make_node("Relu", [answer], [level]))
        shape = ["batch", weight.shape[0], extent, extent]
        outputs.append(helper.make_tensor_value_info(level, TensorProto.FLOAT, shape))
        below = level
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, side, side])
    constants = [numpy_helper.from_array(weight, f"filters{n}") for n, weight in enumerate(weights, start=1)]
    graph = helper.make_graph(nodes, "onnx-filters", [image], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model
