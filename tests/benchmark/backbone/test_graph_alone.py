"""A backbone may be a graph alone, of any framework: it is checked like any other, and cannot be trained."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from pydantic import ValidationError
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.check import check_backbone
from lovt_bench.benchmark.backbone.findings import Finding, failed
from lovt_bench.benchmark.backbone.folder import load_backbone, read_manifest
from lovt_bench.benchmark.backbone.graph_apart import GraphApart
from lovt_bench.benchmark.backbone.graph_submit import prepare_graph, write_graph_folder
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.sources import resolve
from lovt_bench.benchmark.contract.backbone import BackboneManifest, Provenance
from lovt_bench.benchmark.disk.digest import file_sha256
from tests.benchmark.backbone.graphs import pyramid, saved


def graph(weights: np.ndarray) -> onnx.ModelProto:
    """One strided convolution: (N, 3, 64, 64) to (N, 4, 16, 16)."""
    return helper.make_model(
        helper.make_graph(
            [helper.make_node("Conv", ["image", "w"], ["coarse"], kernel_shape=[4, 4], strides=[4, 4])],
            "alone",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 64, 64])],
            [helper.make_tensor_value_info("coarse", TensorProto.FLOAT, ["batch", 4, 16, 16])],
            [numpy_helper.from_array(weights.astype(np.float32), "w")],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=10,
    )


def write(root: Path, weights: np.ndarray, **fields: object) -> Path:
    root.mkdir(parents=True)
    onnx.save(graph(weights), root / "backbone.onnx")
    manifest = {
        "name": root.name,
        "display_name": "Alone",
        "architecture": "onnx",
        "levels": [{"name": "coarse", "channels": 4, "stride": 4}],
        "input": {"side": 64},
        "parameters": weights.size,
        "onnx_sha256": file_sha256(root / "backbone.onnx"),
        "provenance": {"method": "alone"},
        "created": "2026-01-01T00:00:00+00:00",
        **fields,
    }
    (root / "backbone.json").write_text(json.dumps(manifest))
    return root


WEIGHTS = np.random.default_rng(0).normal(size=(4, 3, 4, 4))


def errors(findings: list[Finding]) -> str:
    return "\n".join(f.message for f in findings if f.level == "error")


def test_a_graph_alone_passes(tmp_path: Path):
    root = write(tmp_path / "alone", WEIGHTS)
    findings = check_backbone(root)
    assert not failed(findings), errors(findings)
    assert {f.subject for f in findings} == {"backbone.json", "backbone.onnx", "coarse"}
    assert read_manifest(root).sha256 == file_sha256(root / "backbone.onnx")


def test_what_it_declares_is_compared_with_what_it_does(tmp_path: Path):
    bad = WEIGHTS.copy()
    bad[0, 0, 0, 0] = np.nan
    assert "NaN or infinity in 1 tensors: w" in errors(check_backbone(write(tmp_path / "nan", bad)))
    level = {"name": "coarse", "channels": 5, "stride": 4}
    assert "declared" in errors(check_backbone(write(tmp_path / "levels", WEIGHTS, levels=[level])))
    assert "SHA-256" in errors(check_backbone(write(tmp_path / "digest", WEIGHTS, onnx_sha256="0" * 64)))
    root = write(tmp_path / "weights", WEIGHTS)
    (root / "backbone.safetensors").write_bytes(b"")
    assert "a graph alone" in errors(check_backbone(root))


def test_it_is_a_source_of_frozen_features_and_of_nothing_to_train(tmp_path: Path):
    """The oracle is the convolution in torch."""
    root = write(tmp_path / "backbones" / "alone", WEIGHTS)
    with pytest.raises(BackboneError, match="no weights that could be loaded"):
        load_backbone(root)
    source = resolve("alone", tmp_path)
    assert (source.frozen_only, source.fixed_side, source.drawn_per_run) == (True, 64, False)
    image = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    backbone = source.load(0)
    expected = F.conv2d(image, torch.from_numpy(WEIGHTS).float(), stride=4)
    torch.testing.assert_close(backbone(image)[4], expected, rtol=1e-5, atol=1e-5)
    assert list(backbone.parameters()) == []
    with pytest.raises(BackboneError, match="takes images of 64 pixels only, found 96"):
        backbone(torch.zeros(1, 3, 96, 96))


def test_maps_may_depend_on_the_image_alone(tmp_path: Path):
    """A graph that was exported in train mode: it subtracts the mean over the batch."""
    root = write(tmp_path / "alone", WEIGHTS)
    model = graph(WEIGHTS)
    model.graph.node[0].output[0] = "raw"
    model.graph.initializer.append(numpy_helper.from_array(np.array([0]), "axis"))
    model.graph.node.append(helper.make_node("ReduceMean", ["raw", "axis"], ["mean"]))
    model.graph.node.append(helper.make_node("Sub", ["raw", "mean"], ["coarse"]))
    onnx.save(model, root / "backbone.onnx")
    fields = json.loads((root / "backbone.json").read_text()) | {
        "onnx_sha256": file_sha256(root / "backbone.onnx")
    }
    (root / "backbone.json").write_text(json.dumps(fields))
    found = [f for f in check_backbone(root) if f.level == "error"]
    for batch in (3, 32):
        assert any(f"the same image among {batch} differ by" in each.message for each in found)
    assert all("export it in evaluation mode" in each.advice for each in found)


def test_a_graph_of_any_side_is_checked_as_one(tmp_path: Path):
    prepared = prepare_graph(saved(pyramid(), tmp_path / "m.onnx"), {})
    root = tmp_path / "any"
    root.mkdir()
    write_graph_folder(root, prepared, name="any", display_name="Any", provenance=Provenance(method="any"))
    findings = check_backbone(root)
    assert not failed(findings), errors(findings)
    assert any("any side" in finding.message for finding in findings)
    assert GraphApart(root).fixed_side is None


def test_its_digest_is_of_what_was_meant_to_be_written(tmp_path: Path):
    (tmp_path / "backbone.onnx").symlink_to("/dev/null")
    prepared = prepare_graph(saved(pyramid(), tmp_path / "any.onnx"), {})
    made = write_graph_folder(
        tmp_path, prepared, name="any", display_name="Any", provenance=Provenance(method="any")
    )
    assert made.onnx_sha256 == hashlib.sha256(prepared.content).hexdigest()


def test_a_graph_that_was_changed_is_not_opened(tmp_path: Path):
    root = write(tmp_path / "backbones" / "alone", WEIGHTS)
    onnx.save(graph(WEIGHTS + 1), root / "backbone.onnx")
    with pytest.raises(BackboneError, match="the graph was changed; submit it again"):
        resolve("alone", tmp_path).load(0)


@pytest.mark.parametrize(
    "fields",
    [
        {"architecture": "onnx"},
        {"architecture": "onnx", "onnx_sha256": "0" * 64, "weights_sha256": "0" * 64},
        {"architecture": "resnet50", "onnx_sha256": "0" * 64},
    ],
)
def test_only_a_graph_goes_without_weights(fields: dict[str, object]):
    manifest = {
        "name": "x", "display_name": "X", "levels": [{"name": "c5", "channels": 4, "stride": 4}], "parameters": 1,
        "provenance": {"method": "x"}, "created": "now",
    }  # fmt: skip
    with pytest.raises(ValidationError, match="graph alone"):
        BackboneManifest.model_validate({**manifest, **fields})
