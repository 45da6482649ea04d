"""A graph alone in an evaluation: what it does later than its check has limits, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import psutil
import pytest
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper

from lovt_bench.benchmark.backbone.check import check_backbone
from lovt_bench.benchmark.backbone.graph_apart import GraphApart, graph_side
from lovt_bench.benchmark.backbone.graph_model import open_graph
from lovt_bench.benchmark.backbone.graph_submit import PreparedGraph, write_graph_folder
from lovt_bench.benchmark.backbone.model import BATCH, BackboneError, batch_sizes, level_of
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.runtime.check_apart import check_apart

SIDE = 64


def graph(*nodes: onnx.NodeProto, constants: dict[str, np.ndarray] | None = None) -> ModelProto:
    """(N, 3, 64, 64) -> `raw` (N, 4, 16, 16) -> what the nodes make of it, which is called `c2`."""
    weight = np.random.default_rng(0).normal(size=(4, 3, 4, 4)).astype(np.float32)
    convolution = helper.make_node("Conv", ["image", "w"], ["raw"], kernel_shape=[4, 4], strides=[4, 4])
    return helper.make_model(
        helper.make_graph(
            [convolution, *(nodes or [helper.make_node("Identity", ["raw"], ["c2"])])],
            "backbone",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
            [helper.make_tensor_value_info("c2", TensorProto.FLOAT, ["n", 4, 16, 16])],
            [
                numpy_helper.from_array(value, name)
                for name, value in {"w": weight, **(constants or {})}.items()
            ],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=10,
    )


def above(batch: int, *nodes: onnx.NodeProto, by: str = "Greater", **constants: np.ndarray) -> ModelProto:
    """Return a graph whose nodes get `many`: 1 for a batch larger than that (`Equal`: as large), 0 for others."""
    find = [
        helper.make_node("Shape", ["image"], ["size"], start=0, end=1),
        helper.make_node(by, ["size", "limit"], ["larger"]),
        helper.make_node("Cast", ["larger"], ["many"], to=TensorProto.INT64),
    ]
    return graph(*find, *nodes, constants={"limit": np.array([batch]), **constants})


def scaled(batch: int, by: str = "Greater") -> ModelProto:
    """Other features in a batch that is larger, or `Equal`."""
    return above(
        batch,
        helper.make_node("Cast", ["many"], ["factor"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["factor", "one"], ["more"]),
        helper.make_node("Mul", ["raw", "more"], ["c2"]),
        by=by,
        one=np.array([1], np.float32),
    )


def blown_up(batch: int, size: int) -> ModelProto:
    """Takes `size` numbers in a batch that is larger; their sum, 0, is added."""
    return above(
        batch,
        helper.make_node("Mul", ["many", "size_of_much"], ["much"]),
        helper.make_node("Add", ["much", "unit"], ["length"]),
        helper.make_node("ConstantOfShape", ["length"], ["zeros"]),
        helper.make_node("Sin", ["zeros"], ["waves"]),
        helper.make_node("ReduceSum", ["waves"], ["nothing"], keepdims=0),
        helper.make_node("Add", ["raw", "nothing"], ["c2"]),
        size_of_much=np.array([size]),
        unit=np.array([1]),
    )


def slow(batch: int) -> ModelProto:
    """Many products of large matrices in a batch that is larger."""
    steps = [helper.make_node("MatMul", [f"m{k}", f"m{k}"], [f"m{k + 1}"]) for k in range(40)]
    return above(
        batch,
        helper.make_node("Mul", ["many", "side"], ["rows"]),
        helper.make_node("Add", ["rows", "unit"], ["length"]),
        helper.make_node("Concat", ["length", "length"], ["shape"], axis=0),
        helper.make_node("ConstantOfShape", ["shape"], ["m0"]),
        *steps,
        helper.make_node("ReduceSum", ["m40"], ["nothing"], keepdims=0),
        helper.make_node("Add", ["raw", "nothing"], ["c2"]),
        side=np.array([3000]),
        unit=np.array([1]),
    )


def folder(root: Path, model: ModelProto) -> Path:
    root.mkdir()
    prepared = PreparedGraph(model.SerializeToString(), (level_of(4, 4),), SIDE, 192, ())
    write_graph_folder(root, prepared, name=root.name, display_name="X", provenance=Provenance(method="x"))
    return root


def images(count: int) -> torch.Tensor:
    return torch.randn(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(count))


def errors(root: Path) -> str:
    return "\n".join(each.message for each in check_backbone(root) if each.level == "error")


def test_the_maps_are_those_of_this_process(tmp_path: Path) -> None:
    root = folder(tmp_path / "x", graph())
    backbone = GraphApart(root)
    assert backbone.fixed_side == SIDE == graph_side(root, "")
    for count in (1, BATCH, BATCH + 1):
        (found,), (expected,) = (each.feature_maps(images(count)) for each in (backbone, open_graph(root)))
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_graph_that_behaves_in_small_batches_alone_is_found(tmp_path: Path) -> None:
    assert errors(folder(tmp_path / "honest", graph())) == ""
    assert "of the same image among 32 differ" in errors(folder(tmp_path / "scaled", scaled(3)))
    assert "of the same image among 32 differ" in errors(folder(tmp_path / "middle", scaled(8, "Equal")))


def test_a_graph_gets_batches_alone_that_its_check_tries() -> None:
    """The check goes through those of 31 images and of 32."""
    for count in range(1, 4 * BATCH):
        assert sum(batch_sizes(count)) == count
        assert set(batch_sizes(count)) <= {BATCH, *batch_sizes(BATCH - 1)}


def test_one_that_takes_all_memory_in_a_batch_of_an_evaluation_is_found(tmp_path: Path) -> None:
    findings = check_apart(folder(tmp_path / "x", blown_up(3, 10**10)))
    assert any(each.level == "error" and "onnxruntime cannot run it" in each.message for each in findings)


@pytest.mark.slow
def test_one_that_waits_for_another_batch_is_stopped_in_the_evaluation(tmp_path: Path) -> None:
    """Whatever its check said, which tries this batch, too."""
    hungry = folder(tmp_path / "hungry", blown_up(6, 10**10))
    backbone = GraphApart(hungry)
    assert backbone.feature_maps(images(6))[0].shape == (6, 4, 16, 16)
    with pytest.raises(BackboneError, match=r"hungry: .* broke off|onnxruntime cannot run the graph"):
        backbone.feature_maps(images(8))
    lazy = GraphApart(folder(tmp_path / "lazy", slow(6)), seconds=3)
    assert lazy.feature_maps(images(6))[0].shape == (6, 4, 16, 16)
    with pytest.raises(BackboneError, match=r"lazy: computing features of 8 images (did not end|took more)"):
        lazy.feature_maps(images(8))


def test_maps_of_another_shape_than_declared_are_an_error(tmp_path: Path) -> None:
    pooled = helper.make_node("MaxPool", ["raw"], ["c2"], kernel_shape=[2, 2], strides=[2, 2])
    root = folder(tmp_path / "x", graph(pooled))
    with pytest.raises(
        BackboneError, match=r"maps of \[\[2, 4, 8, 8\]\] for 2 images, declared are \[\[2, 4, 16"
    ):
        GraphApart(root).feature_maps(images(2))


def test_its_process_ends_with_it(tmp_path: Path) -> None:
    before = set(psutil.Process().children(recursive=True))
    backbone = GraphApart(folder(tmp_path / "x", graph()))
    backbone.feature_maps(images(2))
    begun = set(psutil.Process().children(recursive=True)) - before
    (process,) = [each for each in begun if not each.children()]
    del backbone
    assert not process.is_running()
