"""Graphs from elsewhere: what is understood of them, and which are refused before anything runs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import timm
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper

from lovt_bench.benchmark.backbone.graph_cut import cut_out
from lovt_bench.benchmark.backbone.graph_levels import declared_level
from lovt_bench.benchmark.backbone.graph_operators import operator_problems
from lovt_bench.benchmark.backbone.graph_submit import PreparedGraph, prepare_graph
from lovt_bench.benchmark.backbone.model import BackboneError
from tests.benchmark.backbone.graphs import pyramid, saved


def run(model: ModelProto, image: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    (given,) = session.get_inputs()
    return dict(zip(names, session.run(names, {given.name: image}), strict=True))


def model_of(prepared: PreparedGraph) -> ModelProto:
    return onnx.load_from_string(prepared.content)


def test_levels_follow_from_shapes_and_the_rest_is_cut_off(tmp_path: Path) -> None:
    model = pyramid(classifier=True)
    prepared = prepare_graph(saved(model, tmp_path / "m.onnx"), {})
    assert [(level.name, level.stride, level.channels) for level in prepared.levels] == [
        (f"c{k}", 2**k, 4) for k in range(1, 6)
    ]
    assert prepared.side == 224
    assert prepared.lines[0] == "input pixels: images of any side divisible by 32"
    assert prepared.lines[-1] == "left out: embedding"
    assert [value.name for value in model_of(prepared).graph.input] == ["image"]
    assert {node.op_type for node in model_of(prepared).graph.node} == {"Conv"}
    assert prepared.parameters == 4 * 3 * 4 + 4 * (4 * 4 * 4)
    image = np.random.default_rng(1).normal(size=(2, 3, 64, 64)).astype(np.float32)
    before, after = run(model, image), run(model_of(prepared), image)
    assert list(after) == ["c1", "c2", "c3", "c4", "c5"]
    for k in range(1, 6):
        np.testing.assert_array_equal(after[f"c{k}"], before[f"level{2**k}"])


def test_declared_levels_alone_stay_and_what_only_others_need_goes(tmp_path: Path) -> None:
    path = saved(pyramid(side=96), tmp_path / "m.onnx")
    prepared = prepare_graph(path, {"level8": 8, "level4": 4})
    assert [level.name for level in prepared.levels] == ["c2", "c3"]
    assert prepared.side == 96
    assert [tensor.name for tensor in model_of(prepared).graph.initializer] == ["w2", "w4", "w8"]
    assert "left out: level2, level16, level32" in prepared.lines


def test_the_image_stands_in_for_stride_2_alone(tmp_path: Path) -> None:
    """The U-Net lacks nothing else; where it does, a stand-in would help no head."""
    whole = prepare_graph(saved(pyramid(strides=(4, 8, 16, 32)), tmp_path / "m.onnx"), {})
    assert [(level.name, level.substitute) for level in whole.levels][:2] == [("c1", "image"), ("c2", None)]
    part = prepare_graph(saved(pyramid(strides=(8, 16, 32)), tmp_path / "n.onnx"), {})
    assert [level.stride for level in part.levels] == [8, 16, 32]


def test_names_that_are_taken_move_out_of_the_way() -> None:
    """`image` and `c2` are inner tensors here, and mean something else than in the contract."""
    model = pyramid(strides=(4, 32), names=("image", "c2"))
    new = cut_out(model, "pixels", {"pixels": "image", "image": "c2", "c2": "c5"})
    image = np.ones((1, 3, 32, 32), np.float32)
    before, after = run(model, image), run(new, image)
    np.testing.assert_array_equal(after["c2"], before["image"])
    np.testing.assert_array_equal(after["c5"], before["c2"])


def test_nothing_tells_of_the_machine_it_was_made_on(tmp_path: Path) -> None:
    model = pyramid()
    model.producer_name = model.doc_string = "/home/someone"
    model.graph.node[0].doc_string = "/home/someone/model.py"
    model.graph.node[0].metadata_props.add(key="source", value="/home/someone/model.py")
    model.metadata_props.add(key="path", value="/home/someone")
    prepared = prepare_graph(saved(model, tmp_path / "m.onnx"), {})
    assert b"/home/someone" not in prepared.content


def external(model: ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")


def foreign(model: ModelProto) -> None:
    model.graph.node[0].domain = "com.someone"
    model.opset_import.append(helper.make_opsetid("com.someone", 1))


def huge(model: ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.dims[:] = [50_000, 50_000]


def twice(model: ModelProto) -> None:
    model.graph.initializer.append(model.graph.initializer[0])


def two_opsets(model: ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("ai.onnx", 21))


def looped(model: ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], ["never"], body=body))


def mapped(model: ModelProto) -> None:
    """An operator of ONNX that is a function: it runs its body for each entry of a sequence."""
    body = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "body", [], [])
    model.graph.node.append(helper.make_node("SequenceConstruct", ["level2"], ["each"]))
    model.graph.node.append(helper.make_node("SequenceMap", ["each"], ["never"], body=body))


def branched(model: ModelProto) -> None:
    body = helper.make_graph([helper.make_node("Sqrt", ["level32"], ["b"])], "body", [], [])
    model.graph.node.append(helper.make_node("If", ["level2"], ["n"], then_branch=body, else_branch=body))


def hidden(model: ModelProto) -> None:
    """A graph in an attribute of an operator that has none."""
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Relu", ["level32"], ["never"], body=body))


def function(model: ModelProto) -> None:
    nodes = [helper.make_node("Relu", ["a"], ["b"])]
    made = helper.make_function("", "Twice", ["a"], ["b"], nodes, [helper.make_opsetid("", 18)])
    model.functions.append(made)


def unusual(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("StringSplit", ["level32"], ["never", "either"]))


def normalised_by_batch(model: ModelProto) -> None:
    names = ["level32", "w2", "w2", "w2", "w2"]
    model.graph.node.append(helper.make_node("BatchNormalization", names, ["n"], training_mode=1))


def dropped(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("Dropout", ["level32", "", "on"], ["never"]))


def drawn(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("RandomNormalLike", ["level32"], ["noise"]))


def trained(model: ModelProto) -> None:
    model.training_info.add()


def two_inputs(model: ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("age", TensorProto.FLOAT, ["batch"]))


def half(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16


def channels_last(model: ModelProto) -> None:
    dims = model.graph.input[0].type.tensor_type.shape.dim
    dims[1].dim_value, dims[3].dim_value = 224, 3


REFUSED: dict[str, tuple[Callable[[ModelProto], None], str]] = {
    "external": (external, "keeps weights in another file; expected a single file"),
    "foreign": (foreign, "operators outside the ONNX standard: com.someone"),
    "huge": (huge, "claims tensors larger than the file: w2"),
    "looped": (looped, r"holds loops or branches \(Loop\)"),
    "mapped": (mapped, r"loops or branches \(SequenceMap\).*does not need \(SequenceConstruct\)"),
    "branched": (branched, r"holds loops or branches \(If\)"),
    "hidden": (hidden, r"holds loops or branches \(Relu\)"),
    "function": (function, "operators outside the ONNX standard: functions"),
    "unusual": (unusual, r"inference of vision networks does not need \(StringSplit\); export"),
    "normalised by batch": (
        normalised_by_batch,
        r"or trains \(BatchNormalization\); export it in evaluation",
    ),
    "dropped": (dropped, r"or trains \(Dropout\); export it in evaluation mode"),
    "drawn": (drawn, r"draws random numbers or trains \(RandomNormalLike\); export it in evaluation mode"),
    "trained": (trained, "holds training information"),
    "two_inputs": (two_inputs, r"the inputs pixels .*; age .*; expected one input"),
    "twice": (twice, "gives two constants one name"),
    "two opsets": (two_opsets, "opset ai.onnx 18, ai.onnx 21, expected 18"),
    "half": (half, "does not hold float32"),
    "channels_last": (channels_last, "three channels in second place.* Put a Transpose"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_what_to_do(tmp_path: Path, name: str) -> None:
    change, message = REFUSED[name]
    model = pyramid()
    change(model)
    with pytest.raises(BackboneError, match=message):
        prepare_graph(saved(model, tmp_path / "m.onnx"), {})


@pytest.mark.parametrize(
    ("model", "levels", "message"),
    [
        (pyramid(batch=1), {}, "batch of the input is fixed to 1; export the graph with a dynamic batch"),
        (pyramid(side=100), {}, "not square with a side divisible by 32"),
        (pyramid(opset=17), {}, r"opset .*17.*expected 18; onnx.version_converter.convert_version"),
        (pyramid(), {"level4": 8}, "level4 is declared with stride 8; .* means 4"),
        (pyramid(), {"features": 8}, "no output features; its outputs: level2, level4"),
        (pyramid(classifier=True), {"embedding": 32}, "feature level has .batch, channels"),
    ],
)
def test_shapes_and_declarations_must_agree(
    tmp_path: Path, model: ModelProto, levels: dict[str, int], message: str
) -> None:
    with pytest.raises(BackboneError, match=message):
        prepare_graph(saved(model, tmp_path / "m.onnx"), levels)


def test_two_outputs_of_one_stride_ask_which_is_meant(tmp_path: Path) -> None:
    model = pyramid(strides=(4, 32))
    model.graph.node.append(helper.make_node("Relu", ["level4"], ["rectified"]))
    model.graph.output.append(
        helper.make_tensor_value_info("rectified", TensorProto.FLOAT, ["batch", 4, "h", "w"])
    )
    path = saved(model, tmp_path / "m.onnx")
    with pytest.raises(
        BackboneError, match=r"level4, rectified have the same stride; .* --level OUTPUT=STRIDE"
    ):
        prepare_graph(path, {})
    assert "c2: output rectified" in prepare_graph(path, {"rectified": 4}).lines[1]


@pytest.mark.parametrize("content", [b"", b"no graph", b"\x08\x08\x12\x07pytorch"])
def test_other_files_are_no_graph(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(BackboneError, match=r"no readable ONNX file|has 0 bytes"):
        prepare_graph(tmp_path / "m.onnx", {})


def test_a_cut_off_file_says_so(tmp_path: Path) -> None:
    path = saved(pyramid(), tmp_path / "m.onnx")
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(BackboneError, match="It may be cut off"):
        prepare_graph(path, {})


@pytest.mark.parametrize("text", ["c2", "=4", "c2=", "c2=3", "c2=four", "c2=99999999999", "c2=²"])
def test_a_level_is_written_in_one_way(text: str) -> None:
    assert declared_level("a=b=16") == ("a=b", 16)
    with pytest.raises(BackboneError, match="expected OUTPUT=STRIDE"):
        declared_level(text)


def test_weights_within_an_inner_graph_stay() -> None:
    """An If reads names of the graph around it; they are no less needed than a node's own inputs."""
    model = pyramid(strides=(32,))
    graph = model.graph
    graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    graph.initializer.append(numpy_helper.from_array(np.array(2, np.float32), "two"))
    branch = [
        helper.make_graph(
            [helper.make_node(kind, ["level32", "two"], [kind])],
            kind,
            [],
            [helper.make_tensor_value_info(kind, TensorProto.FLOAT, None)],
        )
        for kind in ("Mul", "Add")
    ]
    graph.node.append(
        helper.make_node("If", ["yes"], ["scaled"], then_branch=branch[0], else_branch=branch[1])
    )
    graph.output[0].name = "scaled"
    new = cut_out(model, "pixels", {"pixels": "image", "scaled": "c5"})
    onnx.checker.check_model(new)
    image = np.ones((1, 3, 32, 32), np.float32)
    np.testing.assert_array_equal(run(new, image)["c5"], run(model, image)["scaled"])


@pytest.mark.slow
@pytest.mark.parametrize("dynamo", [True, False], ids=["torch.export", "TorchScript"])
@pytest.mark.parametrize(
    ("name", "options"),
    [("mobilenetv3_small_050", {}), ("vit_tiny_patch16_224", {"depth": 2})],  # its blocks are all alike
    ids=["convolutions", "attention"],
)
@pytest.mark.filterwarnings("ignore")
def test_what_torch_exports_of_timm_uses_allowed_operators_alone(
    tmp_path: Path, name: str, options: dict[str, Any], dynamo: bool
) -> None:
    path = tmp_path / "m.onnx"
    network = timm.create_model(name, **options).eval()
    shapes: dict[str, Any] = (
        {"dynamic_shapes": ({0: torch.export.Dim("n", min=1, max=64)},)} if dynamo else {}
    )
    torch.onnx.export(
        network, (torch.zeros(2, 3, 224, 224),), path, dynamo=dynamo, opset_version=18, **shapes
    )
    assert list(operator_problems(onnx.load(path, load_external_data=False).graph.node)) == []
