"""`lovt-bench submit` of an ONNX graph, from the outside."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from onnx import helper, numpy_helper

from lovt_bench.benchmark.backbone.folder import read_manifest
from lovt_bench.benchmark.backbone.sources import resolve
from lovt_bench.benchmark.cli.submit import submit
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.benchmark.engine.plan.eligible import eligible
from tests.benchmark.backbone.graphs import pyramid, saved
from tests.tasks.lovt_18 import LOVT_18


@pytest.fixture
def call(tmp_path: Path):
    def run(*arguments: str, name: str = "mine") -> Result:
        return CliRunner(env={"LOVT_BENCH_WORKSPACE": str(tmp_path / "workspace")}).invoke(
            submit, [name, *arguments]
        )

    return run


@pytest.mark.parametrize(
    ("trainable", "tasks", "said"),
    [
        (True, 18, "can be fine-tuned: 304 values in 5 weights"),
        (
            False,
            12,
            "the tasks with a frozen backbone only: Round has no gradient and cannot be trained here",
        ),
    ],
)
def test_a_graph_becomes_a_row(call, tmp_path: Path, trainable: bool, tasks: int, said: str) -> None:
    model = pyramid(strides=(4, 8, 16, 32), classifier=True)
    if not trainable:
        next(node for node in model.graph.node if "level32" in node.output).output[0] = "inner"
        model.graph.node.insert(5, helper.make_node("Round", ["inner"], ["level32"]))
    path = saved(model, tmp_path / "model.onnx")
    result = call("--weights", str(path), "--display-name", "My Keras", "--pretraining-data", "none")
    assert result.exit_code == 0, result.output
    for line in (
        "c2: output level4, stride 4, 4 channels",
        "c1: no output has stride 2, the image stands in for it",
        "left out: embedding",
        "run by onnxruntime for batches 1, 3 and 32",
        said,
        "Next: lovt-bench evaluate mine",
    ):
        assert line in result.output
    workspace = tmp_path / "workspace"
    manifest = read_manifest(workspace / "backbones" / "mine")
    assert (manifest.architecture, manifest.display_name, manifest.weights_sha256) == (
        "onnx",
        "My Keras",
        None,
    )
    assert manifest.provenance.source_sha256 == file_sha256(path)
    able, others = eligible(LOVT_18, resolve("mine", workspace), lambda spec: 64)
    assert (manifest.trainable, len(able)) == (trainable, tasks)
    if not trainable:
        assert {spec.backbone for spec in able} == {"frozen"}
        assert list(others) == ["backbone mine is a graph that cannot be fine-tuned; `submit` said why"]


def test_other_levels_of_the_declared_graph_are_refused(call, tmp_path: Path) -> None:
    path = saved(pyramid(strides=(4, 8, 16, 32)), tmp_path / "model.onnx")
    assert call("--weights", str(path)).exit_code == 0
    workspace = tmp_path / "workspace"
    shutil.rmtree(workspace / "backbones")
    refused = call("--weights", str(path), "--level", "level32=32")
    assert refused.exit_code == 1
    assert "is declared with the backbone" in refused.output
    assert not list((workspace / "backbones").glob("*"))
    assert call("--weights", str(path)).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--level", "level4=8"), "is declared with stride 8"),
        (("--level", "level4"), "expected OUTPUT=STRIDE"),
        (("--arch", "resnet18"), "--arch, --option and --encoder belong to weights"),
    ],
)
def test_mistakes_end_in_a_sentence_and_write_nothing(
    call, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    path = saved(pyramid(), tmp_path / "model.onnx")
    result = call("--weights", str(path), *arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert not list((tmp_path / "workspace").glob("backbones/*"))
    assert call("--weights", str(path), name="random-x").exit_code == 1


def test_an_ending_in_upper_case_is_no_other_kind_of_file(call, tmp_path: Path) -> None:
    result = call("--weights", str(saved(pyramid(strides=(4, 8)), tmp_path / "GOOD.ONNX")))
    assert result.exit_code == 0, result.output
    assert "c2: output level4, stride 4, 4 channels" in result.output


def test_a_graph_that_waits_for_larger_batches_is_refused(call, tmp_path: Path) -> None:
    model = pyramid(strides=(4,))
    find = (
        helper.make_node("Shape", ["pixels"], ["size"], start=0, end=1),
        helper.make_node("Greater", ["size", "three"], ["larger"]),
        helper.make_node("Where", ["larger", "two", "one"], ["factor"]),
        helper.make_node("Mul", ["inner", "factor"], ["level4"]),
    )
    next(node for node in model.graph.node if node.output[0] == "level4").output[0] = "inner"
    for node in model.graph.node:
        node.input[:] = ["inner" if each == "level4" else each for each in node.input]
    model.graph.node.extend(find)
    for label, value in (
        ("three", np.array([3])),
        ("one", np.array([1], np.float32)),
        ("two", np.array([2], np.float32)),
    ):
        model.graph.initializer.append(numpy_helper.from_array(value, label))
    result = call("--weights", str(saved(model, tmp_path / "m.onnx")))
    assert result.exit_code == 1
    assert "of the same image among 32 differ" in result.output
    assert not list((tmp_path / "workspace" / "backbones").iterdir())
