"""Operators of ONNX that a graph of a vision network may use: a fixed amount of work, and nothing drawn.

What runs other graphs (loops, branches, maps over sequences) is left out, since how long it takes follows from the
images; so is what draws random numbers or holds anything but tensors. What torch's, timm's and TensorFlow's exporters
write for convolutional networks and transformers is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onnx import AttributeProto, NodeProto

from lovt_bench.benchmark.contract.untrusted import clean_text

_ELEMENTWISE = """
    Abs Acos Acosh Add And Asin Asinh Atan Atanh Cast CastLike Ceil Celu Clip Cos Cosh Div Elu Equal Erf
    Exp Floor Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less
    LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Shrink
    Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Sub Sum Tan Tanh ThresholdedRelu Where Xor
"""
_SHAPES = """
    CenterCropPad Col2Im Compress Concat Constant ConstantOfShape DepthToSpace Dropout Expand EyeLike Flatten
    Gather GatherElements GatherND NonZero OneHot Pad Range Reshape Resize ReverseSequence
    ScatterElements ScatterND Shape Size Slice SpaceToDepth Split Squeeze Tile Transpose Trilu Unsqueeze
"""
_SUMS = """
    ArgMax ArgMin CumSum Einsum Gemm Hardmax LogSoftmax MatMul ReduceL1 ReduceL2 ReduceLogSum
    ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Softmax TopK
"""
_IMAGES = """
    AveragePool BatchNormalization Conv ConvTranspose GlobalAveragePool GlobalLpPool GlobalMaxPool
    GridSample GroupNormalization InstanceNormalization LRN LayerNormalization LpNormalization LpPool
    MaxPool MeanVarianceNormalization
"""
_INTEGERS = """
    ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul
    QuantizeLinear
"""
ALLOWED = frozenset(" ".join((_ELEMENTWISE, _SHAPES, _SUMS, _IMAGES, _INTEGERS)).split())

LOOPS = frozenset({"If", "Loop", "Scan", "SequenceMap"})
"""Run graphs of their own; told apart for a message that says what to do."""

DRAWN = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
)
"""Give other features for the same image; told apart for the same reason."""


def operator_problems(nodes: Iterable[NodeProto]) -> Iterator[str]:
    """Yield why the operators of a graph forbid that it is run.

    Args:
        nodes: All of them, those of inner graphs too.
    """
    every = list(nodes)
    kinds = {node.op_type for node in every}
    inner = {node.op_type for node in every if _holds_graph(node)}
    if loops := (kinds & LOOPS) | inner:
        yield f"holds loops or branches ({_some(loops)}); export the network with its loops unrolled"
    if drawn := (kinds & DRAWN) | {node.op_type for node in every if _trains(node)}:
        yield f"draws random numbers or trains ({_some(drawn)}); export it in evaluation mode"
    if other := kinds - ALLOWED - LOOPS - DRAWN:
        yield (
            f"uses operators that inference of vision networks does not need ({_some(other)}); export the network with "
            "plain operators on tensors"
        )


def _holds_graph(node: NodeProto) -> bool:
    kinds = (AttributeProto.GRAPH, AttributeProto.GRAPHS)
    return any(each.type in kinds or each.HasField("g") or each.graphs for each in node.attribute)


def _trains(node: NodeProto) -> bool:
    """Return whether a normalisation measures its batch, or dropout is told whether it drops."""
    if node.op_type == "BatchNormalization":
        return any(each.name == "training_mode" and each.i for each in node.attribute)
    return node.op_type == "Dropout" and len(node.input) > 2 and node.input[2] != ""


def _some(kinds: Iterable[str]) -> str:
    return clean_text(", ".join(sorted(kinds)), 100)
