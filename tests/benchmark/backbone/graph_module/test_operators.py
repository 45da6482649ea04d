"""Each operator equals onnxruntime's, and its gradient finite differences in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from lovt_bench.benchmark.backbone.graph_module.node import Attributes, UntrainableError
from lovt_bench.benchmark.backbone.graph_module.operators import OPERATORS
from lovt_bench.benchmark.backbone.graph_module.plan import execute
from lovt_bench.benchmark.backbone.graph_operators import ALLOWED

RNG = np.random.default_rng(0)


def noise(*shape: int) -> np.ndarray:
    """Return values of both signs without ties, none near zero, so that differences are smooth."""
    found = RNG.permutation(np.linspace(0.2, 1.9, int(np.prod(shape)))) * RNG.choice(
        [-1, 1], int(np.prod(shape))
    )
    return found.reshape(shape).astype(np.float32)


def above(*shape: int) -> np.ndarray:
    return np.abs(noise(*shape))


def whole(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@dataclass(frozen=True)
class Case:
    operator: str
    inputs: Sequence[np.ndarray | None]
    attributes: dict[str, Any] = field(default_factory=dict)
    outputs: int = 1

    def __str__(self) -> str:
        shapes = "_".join("x".join(map(str, each.shape)) for each in self.inputs if each is not None)
        said = "_".join(f"{key}={value}" for key, value in self.attributes.items()).replace(" ", "")
        return f"{self.operator}-{shapes}-{said}"


X, PICTURE, ODD = noise(2, 3, 4), noise(2, 4, 6, 6), noise(1, 2, 5, 7)
UNARY = (
    "Abs Cos Elu Erf Exp HardSigmoid HardSwish Identity LeakyRelu Mish Neg Reciprocal Relu Selu Sigmoid Sin "
    "Softplus Softsign Tanh Celu ThresholdedRelu Softmax LogSoftmax Flatten Transpose"
)
CASES = [
    *(Case(name, [X]) for name in UNARY.split()),
    *(Case(name, [above(2, 3)]) for name in ("Log", "Sqrt")),
    *(Case(name, [X * 3]) for name in ("Ceil", "Floor", "Round", "Sign")),
    *(
        Case(name, [X, noise(3, 1)])
        for name in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "PRelu")
    ),
    *(Case(name, [X, noise(3, 1)]) for name in ("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal")),
    *(Case(name, [X > 0, noise(3, 1) > 0]) for name in ("And", "Or", "Xor")),
    Case("Not", [X > 0]),
    Case("Div", [whole(-7, 7, 9), whole(2, -2, 4)]),
    Case("Mod", [whole(-7, 7, 9), whole(2, -2, 4)]),
    Case("Mod", [whole(-7, 7, 9), whole(2, -2, 4)], {"fmod": 1}),
    Case("Pow", [above(2, 3), np.array(1.7, np.float32)]),
    Case("Pow", [X, np.array(3, np.float32)]),
    Case("Where", [X > 0.5, X, np.array(2, np.float32)]),
    Case("Clip", [X, np.array(-1, np.float32), np.array(0.9, np.float32)]),
    Case("Clip", [X, None, np.array(0.9, np.float32)]),
    Case("Cast", [X], {"to": TensorProto.INT64}),
    Case("Cast", [whole(0, 3)], {"to": TensorProto.FLOAT}),
    Case("Dropout", [X]),
    Case("Elu", [X], {"alpha": 0.7}),
    Case("Celu", [X], {"alpha": 0.7}),
    Case("HardSigmoid", [X], {"alpha": 0.4, "beta": 0.3}),
    Case("LeakyRelu", [X], {"alpha": 0.2}),
    Case("Softmax", [X], {"axis": 1}),
    Case("Gemm", [noise(4, 2), noise(3, 4), noise(3)], {"transA": 1, "transB": 1, "alpha": 0.5, "beta": 0.3}),
    Case("Gemm", [noise(2, 4), noise(4, 3)]),
    Case("MatMul", [noise(2, 1, 3, 4), noise(5, 4, 2)]),
    Case("MatMul", [noise(2, 3), noise(3)]),
    Case("Einsum", [noise(2, 3, 4), noise(2, 5, 4)], {"equation": "bic,bjc->bij"}),
    *(
        Case(name, [above(2, 3, 4), whole(-1, 1)], {"keepdims": 0})
        for name in OPERATORS
        if name.startswith("Reduce")
    ),
    Case("ReduceMean", [X]),
    Case("ReduceSum", [X, whole()], {"noop_with_empty_axes": 1}),
    Case("Reshape", [X, whole(0, -1)]),
    Case("Transpose", [X], {"perm": [2, 0, 1]}),
    Case("Flatten", [X], {"axis": -1}),
    Case("Flatten", [X], {"axis": 0}),
    Case("Squeeze", [noise(1, 3, 1), whole(-1)]),
    Case("Squeeze", [noise(1, 3, 1)]),
    Case("Unsqueeze", [X, whole(0, -1)]),
    Case("Expand", [noise(3, 1), whole(2, 1, 4)]),
    Case("Tile", [X, whole(1, 2, 3)]),
    Case("Concat", [X, noise(2, 1, 4)], {"axis": -2}),
    Case("Split", [X, whole(1, 3)], {"axis": -1}, 2),
    Case("Split", [noise(7, 2)], {"num_outputs": 3}, 3),
    Case("Slice", [X, whole(1), whole(1 << 62), whole(-1), whole(2)]),
    Case("Slice", [X, whole(-1, 0), whole(-(1 << 62), 2), whole(2, 0), whole(-2, 1)]),
    Case("Slice", [X, whole(3), whole(0), whole(2), whole(-1)]),
    Case("Slice", [X, whole(0, 1), whole(1, -1)]),
    Case("Pad", [X, whole(0, 1, 2, 0, 0, 1), np.array(0.5, np.float32)]),
    Case("Pad", [X, whole(-1, 2), None, whole(2)]),
    Case("Pad", [X, whole(2, 1, 1, 0), None, whole(-1, 1)], {"mode": "reflect"}),
    Case("Pad", [X, whole(2, 1, 1, 0), None, whole(-1, 1)], {"mode": "edge"}),
    Case("Gather", [X, np.array([[0, -1], [2, 2]])], {"axis": 1}),
    Case("Gather", [X, np.array(1)], {"axis": -1}),
    Case("Trilu", [noise(2, 4, 4), np.array(1)], {"upper": 0}),
    Case("Trilu", [noise(4, 4)]),
    Case("Shape", [X], {"start": -2, "end": 3}),
    Case("Size", [X]),
    Case("ConstantOfShape", [whole(2, 3)], {"value": helper.make_tensor("v", TensorProto.FLOAT, [1], [2.5])}),
    Case("Range", [np.array(1), np.array(8), np.array(3)]),
    Case("Constant", [], {"value_floats": [1.0, 2.0]}),
    Case("Constant", [], {"value_int": 3}),
    Case("DepthToSpace", [noise(1, 8, 2, 3)], {"blocksize": 2}),
    Case("DepthToSpace", [noise(1, 8, 2, 3)], {"blocksize": 2, "mode": "CRD"}),
    Case("SpaceToDepth", [PICTURE], {"blocksize": 3}),
    Case(
        "Conv", [PICTURE, noise(6, 2, 3, 3), noise(6)], {"group": 2, "strides": [2, 1], "pads": [1, 0, 1, 0]}
    ),
    Case("Conv", [ODD, noise(3, 2, 3, 2)], {"pads": [0, 1, 2, 0], "dilations": [2, 1]}),
    Case("Conv", [ODD, noise(3, 2, 3, 2)], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    Case("Conv", [ODD, noise(3, 2, 4, 2)], {"auto_pad": "SAME_LOWER", "strides": [2, 3]}),
    Case("Conv", [ODD, noise(3, 2, 3, 2)], {"auto_pad": "VALID"}),
    Case("Conv", [noise(1, 2, 9), noise(3, 2, 3)], {"pads": [1, 1]}),
    Case("ConvTranspose", [ODD, noise(2, 3, 3, 3), noise(3)], {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    Case(
        "ConvTranspose",
        [ODD, noise(2, 3, 3, 3)],
        {"strides": [2, 3], "pads": [0, 1, 2, 1], "output_padding": [1, 2], "group": 2},
    ),
    Case("ConvTranspose", [ODD, noise(2, 3, 3, 3)], {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    Case("ConvTranspose", [ODD, noise(2, 3, 3, 3)], {"strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    *(
        Case(name, [ODD], {"kernel_shape": [3, 2], **attributes})
        for name in ("MaxPool", "AveragePool")
        for attributes in (
            {},
            {"strides": [2, 2], "pads": [1, 1, 1, 1]},
            {"strides": [2, 2], "pads": [1, 0, 0, 1]},
            {"strides": [2, 3], "ceil_mode": 1},
            {"strides": [2, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1},
            {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
            {"strides": [3, 2], "auto_pad": "SAME_LOWER"},
        )
    ),
    Case("MaxPool", [ODD], {"kernel_shape": [2, 2], "dilations": [2, 3]}),
    *(
        Case("AveragePool", [ODD], {"kernel_shape": [3, 2], "count_include_pad": 1, **attributes})
        for attributes in (
            {"pads": [1, 1, 1, 1]},
            {"pads": [1, 0, 0, 1], "strides": [2, 2]},
            {"pads": [1, 1, 1, 1], "strides": [2, 2], "ceil_mode": 1},
        )
    ),
    Case("GlobalAveragePool", [PICTURE]),
    Case("GlobalMaxPool", [PICTURE]),
    Case("BatchNormalization", [PICTURE, noise(4), noise(4), noise(4), above(4)], {"epsilon": 0.01}),
    Case("LayerNormalization", [X, noise(4), noise(4)], {"epsilon": 0.01}),
    Case("LayerNormalization", [X, noise(3, 4)], {"axis": 1}),
    Case("LayerNormalization", [X, noise(4), noise(4)], {"axis": 1}),
    Case("InstanceNormalization", [PICTURE, noise(4), noise(4)], {"epsilon": 0.01}),
    Case("GroupNormalization", [PICTURE, noise(2), noise(2)], {"num_groups": 2}),
    Case("LRN", [PICTURE], {"size": 3, "alpha": 0.3, "beta": 0.6, "bias": 1.5}),
    *(
        Case(
            "Resize",
            [ODD, None, None, whole(1, 2, size, 9)],
            {"mode": mode, "coordinate_transformation_mode": kind},
        )
        for size in (9, 3)
        for mode in ("nearest", "linear")
        for kind in (
            "half_pixel",
            "asymmetric",
            "align_corners",
            "pytorch_half_pixel",
            "half_pixel_symmetric",
        )
    ),
    *(
        Case(
            "Resize",
            [ODD, None, np.array([2, 0.5], np.float32)],
            {"axes": [2, 3], "nearest_mode": rounding, "coordinate_transformation_mode": "asymmetric"},
        )
        for rounding in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    ),
]


def test_every_operator_has_a_case_and_may_occur() -> None:
    assert {case.operator for case in CASES} == OPERATORS.keys()
    assert OPERATORS.keys() <= ALLOWED


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_operator_equals_onnxruntimes(case: Case) -> None:
    node, found = run(case, torch.float32)
    expected = reference(case, node)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.numpy().dtype == other.dtype
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in CASES
        if OPERATORS[case.operator].differentiable
        and case.inputs
        and case.inputs[0] is not None
        and case.operator
        not in ("Cast", "Shape", "Size", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal")
        and any(each is not None and each.dtype == np.float32 and each.size > 1 for each in case.inputs)
        and 0 not in OPERATORS[case.operator].host
    ],
    ids=str,
)
def test_a_gradient_equals_finite_differences(case: Case) -> None:
    """Of the first input, and of all that may be weights."""
    operator = OPERATORS[case.operator]
    tensors = [None if each is None else torch.from_numpy(np.array(each)) for each in case.inputs]
    places = [
        place
        for place, each in enumerate(tensors)
        if each is not None
        and each.dtype == torch.float32
        and (place == 0 or place in operator.weights or case.operator == "Where")
        and place not in operator.host
    ]
    wide = [None if each is None else each.double() if each.is_floating_point() else each for each in tensors]
    node = Attributes(node_of(case))

    def function(*changed: torch.Tensor) -> tuple[torch.Tensor, ...]:
        inputs = list(wide)
        for place, tensor in zip(places, changed, strict=True):
            inputs[place] = tensor
        return execute(operator, node, inputs)

    variables = [wide[place].clone().requires_grad_() for place in places]  # type: ignore[union-attr]
    assert torch.autograd.gradcheck(function, variables, eps=1e-6, atol=1e-5, fast_mode=True)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (Case("Resize", [ODD, None, None, whole(1, 2, 9, 9)], {"mode": "cubic"}), "Resize with mode cubic"),
        (
            Case("Resize", [ODD, None, None, whole(1, 2, 9, 9)], {"mode": "linear", "antialias": 1}),
            "antialias",
        ),
        (Case("Pad", [X, whole(0, 1, 2, 0, 0, 1)], {"mode": "wrap"}), "Pad with mode wrap"),
        (
            Case("Pad", [X, whole(9, 0), None, whole(2)], {"mode": "reflect"}),
            "reflection longer than the side",
        ),
        (Case("Gather", [X, whole(4)], {"axis": 1}), "Gather with places outside"),
        (Case("Conv", [ODD, noise(3, 2, 3, 2)], {"pads": [-1, 0, 0, 0]}), "Conv with pads"),
        (Case("Conv", [ODD, noise(3, 5, 3, 2)]), "Conv cannot be executed by torch"),
        (Case("ConvTranspose", [ODD, noise(2, 3, 3, 3)], {"output_shape": [9, 9]}), "with output_shape"),
        (Case("LRN", [PICTURE], {"size": 2}), "LRN of the even size 2"),
        (Case("BatchNormalization", [PICTURE, noise(4)]), "input 2 of a node is missing"),
        (Case("Constant", [], {"value_string": "x"}), "Constant of another kind"),
        (Case("ReduceMean", [X, whole(5)]), "axes .5. do not fit 3 dimensions"),
    ],
    ids=lambda value: str(value),
)
def test_what_is_not_executed_is_named(case: Case, said: str) -> None:
    with pytest.raises(UntrainableError, match=said):
        run(case, torch.float32)


def node_of(case: Case):
    names = ["" if each is None else f"in{place}" for place, each in enumerate(case.inputs)]
    return helper.make_node(case.operator, names, [f"out{i}" for i in range(case.outputs)], **case.attributes)


def run(case: Case, kind: torch.dtype):
    node = node_of(case)
    tensors = [None if each is None else torch.from_numpy(np.array(each)) for each in case.inputs]
    return node, execute(OPERATORS[case.operator], Attributes(node), tensors)


def reference(case: Case, node) -> list[np.ndarray]:
    given = {f"in{place}": np.array(each) for place, each in enumerate(case.inputs) if each is not None}
    graph = helper.make_graph(
        [node],
        "one",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(each.dtype), each.shape)
            for name, each in given.items()
        ],
        [onnx_output(name) for name in node.output],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, given)


def onnx_output(name: str):
    """Return an output whose type and shape are inferred."""
    value = helper.ValueInfoProto()
    value.name = name
    return value
