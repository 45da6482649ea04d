"""A graph is trained only if its module equals onnxruntime: at submission, in `backbone check` and before a run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import helper

from lovt_bench.benchmark.backbone.check import check_backbone, check_training
from lovt_bench.benchmark.backbone.folder import read_manifest
from lovt_bench.benchmark.backbone.graph_module.node import Operator, UntrainableError, needed
from lovt_bench.benchmark.backbone.graph_module.operators import OPERATORS
from lovt_bench.benchmark.backbone.graph_module.proof import prove
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.sources import FolderSource, load_to_train
from lovt_bench.benchmark.contract.backbone import BackboneManifest
from tests.benchmark.backbone.graph_module.graph_folder import graph_folder
from tests.benchmark.backbone.graph_module.test_module import SIDE, with_nodes
from tests.benchmark.backbone.graphs import pyramid


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a mistake: the slope of a leaky ReLU is taken to be its default."""
    operator = Operator(lambda attributes, inputs: torch.nn.functional.leaky_relu(needed(inputs, 0), 0.1001))
    monkeypatch.setitem(OPERATORS, "LeakyRelu", operator)


def leaky(root: Path, *, trainable: bool = False) -> Path:
    node = helper.make_node("LeakyRelu", ["inner"], ["level4"], alpha=0.1)
    return graph_folder(root, with_nodes(node), {"level4": 4}, trainable=trainable)


def test_an_operator_that_is_executed_wrongly_is_caught(tmp_path: Path, wrong: None) -> None:
    root = leaky(tmp_path / "leaky", trainable=True)
    with pytest.raises(UntrainableError, match=r"maps differ from onnxruntime's by .*, allowed 1e-05"):
        prove(root, batches=(3,))
    assert check_training(root, "warning").level == "warning"
    (error,) = (each for each in check_backbone(root) if each.level == "error")
    assert "differ from onnxruntime" in error.message
    assert error.advice == "backbone.json says trainable: leave it out"


def test_the_right_one_is_not(tmp_path: Path) -> None:
    assert not [
        each for each in check_backbone(leaky(tmp_path / "leaky", trainable=True)) if each.level != "ok"
    ]


def test_a_manifest_that_only_claims_it_is_refused_in_the_check_and_before_a_run(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("TopK", ["inner", "k"], ["best", "place"]),
        helper.make_node("Add", ["inner", "best"], ["level4"]),
    ]
    root = graph_folder(tmp_path / "top", with_nodes(*nodes, k=np.array([1])), {"level4": 4}, trainable=True)
    (error,) = (each for each in check_backbone(root) if each.level == "error")
    assert error.message == "TopK cannot be trained here"
    with pytest.raises(BackboneError, match="TopK cannot be trained here"):
        load_to_train(FolderSource(root, read_manifest(root)), 0, SIDE)


def test_a_run_gets_weights_and_no_graph_that_was_changed(tmp_path: Path) -> None:
    root = graph_folder(tmp_path / "any", pyramid(), trainable=True)
    source = FolderSource(root, read_manifest(root))
    assert not source.frozen_only
    assert source.tokens is None
    backbone = load_to_train(source, 0, SIDE)
    assert sum(each.requires_grad for each in backbone.parameters()) == 5
    assert list(source.load(0).parameters()) == [], "frozen tasks stay with onnxruntime"
    manifest = json.loads((root / "backbone.json").read_text())
    (root / "backbone.json").write_text(json.dumps(manifest | {"trainable": False}))
    with pytest.raises(BackboneError, match="cannot be fine-tuned"):
        load_to_train(FolderSource(root, read_manifest(root)), 0, SIDE)
    (root / "backbone.onnx").write_bytes((root / "backbone.onnx").read_bytes() + b"\0")
    with pytest.raises(BackboneError, match="the graph was changed"):
        load_to_train(source, 0, SIDE)


def test_old_manifests_stay_as_they_are(tmp_path: Path) -> None:
    old = read_manifest(graph_folder(tmp_path / "old", pyramid()))
    assert old.frozen_only
    assert "trainable" not in json.loads(old.to_json())
    said = old.model_dump(mode="json") | {"architecture": "resnet50", "weights_sha256": "0" * 64}
    assert not BackboneManifest.model_validate(said).frozen_only
    with pytest.raises(ValueError, match="trainable is said of a graph alone"):
        BackboneManifest.model_validate(said | {"trainable": True})
