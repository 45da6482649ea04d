"""A good folder passes with findings for each part; each way of being wrong is found and says what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from lovt_bench.benchmark.backbone.check import check_backbone
from lovt_bench.benchmark.backbone.findings import Finding, failed
from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract.analysis_file import ANALYSIS_FILE
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.disk.digest import file_sha256
from tests.benchmark.backbone.test_analysis_file import written


def save(root: Path, backbone: Backbone, side: int = 64) -> Path:
    save_backbone(root, backbone, display_name="X", provenance=Provenance(method="x"), side=side)
    return root


def errors(findings: list[Finding]) -> str:
    return "\n".join(f"{f.subject}: {f.message}" for f in findings if f.level == "error")


@pytest.fixture(scope="module")
def exported(toy: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole folder, graph included, not to be changed."""
    return save(tmp_path_factory.mktemp("exported") / "graph-toy", random_draw(toy, 1))


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(exported, tmp_path / "graph-toy"))


def declare_graph(root: Path, model: onnx.ModelProto) -> None:
    """Put another graph in place, with a manifest that vouches for it."""
    onnx.save(model, root / "backbone.onnx")
    manifest = json.loads((root / "backbone.json").read_text())
    manifest["onnx_sha256"] = file_sha256(root / "backbone.onnx")
    (root / "backbone.json").write_text(json.dumps(manifest))


def test_a_report_of_an_audit_is_part_of_the_contract_and_another_file_is_not(folder: Path) -> None:
    for name in ("audit.json", "notes.txt"):
        (folder / name).write_text("{}")
    strange = [f.subject for f in check_backbone(folder) if "not part of the contract" in f.message]
    assert strange == ["notes.txt"]


def test_the_rest_of_a_method_is_part_of_the_contract_and_is_looked_at(folder: Path) -> None:
    def found() -> list[Finding]:
        return [each for each in check_backbone(folder) if each.subject == ANALYSIS_FILE]

    own = {"method": "x", "backbone_sha256": file_sha256(folder / "backbone.safetensors")}
    written(folder, own)
    [fine] = found()
    assert (fine.level, fine.message.split("; ")[1]) == ("ok", "text model small")
    before = (folder / "backbone.json").read_bytes()
    written(folder, own, secret=torch.ones(1))
    [wrong] = found()
    assert wrong.level == "error"
    assert "1 tensors are unexpected: secret" in wrong.message
    assert (folder / "backbone.json").read_bytes() == before


def test_a_good_folder_passes(folder: Path) -> None:
    findings = check_backbone(folder)
    assert {f.level for f in findings} == {"ok"}
    assert {f.subject for f in findings} == {
        "backbone.json",
        "backbone.safetensors",
        "backbone.onnx",
        "fine",
        "coarse",
    }
    model = onnx.load(folder / "backbone.onnx")
    assert [value.name for value in model.graph.output] == ["fine", "coarse"]
    assert "stride 8, 6 channels" in model.graph.output[1].doc_string


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"gmac": 0.001}, "gmac 0.001"),
        ({"family": "transformer"}, "family transformer"),
        ({"patch": 8}, "patch 8"),
    ],
)
def test_a_network_is_not_cheaper_than_it_is(folder: Path, said: dict[str, object], message: str) -> None:
    """Tables show what the manifest says of it beside the networks of others."""
    manifest = json.loads((folder / "backbone.json").read_text())
    manifest["network"] |= said
    (folder / "backbone.json").write_text(json.dumps(manifest))
    assert "declares the network" in errors(check_backbone(folder))
    assert message in errors(check_backbone(folder))


def test_the_graph_tells_nothing_of_the_machine(folder: Path) -> None:
    content = (folder / "backbone.onnx").read_bytes()
    assert b"site-packages" not in content
    assert str(Path.cwd()).encode() not in content


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["resnet18", "resnet50"])
def test_resnet_graphs_agree_with_pytorch(workspace: Path, architecture: str) -> None:
    findings = check_backbone(save(workspace / architecture, random_draw(architecture, 1), side=224))
    assert {f.level for f in findings} == {"ok"}, errors(findings)
    assert sum("ONNX differs by" in f.message for f in findings) == 5


def test_a_graph_of_other_weights_is_found_by_running_it(folder: Path, toy: str, workspace: Path) -> None:
    """A graph could be swapped for a better one; digests alone would not tell."""
    other = save(workspace / "backbones" / "other", random_draw(toy, 2))
    declare_graph(folder, onnx.load(other / "backbone.onnx"))
    found = errors(check_backbone(folder))
    assert "fine: ONNX differs by" in found
    assert "coarse: ONNX differs by" in found


def test_a_changed_graph_is_found_by_its_digest(folder: Path) -> None:
    with (folder / "backbone.onnx").open("ab") as file:
        file.write(b"\x00")
    assert "backbone.onnx: has the SHA-256" in errors(check_backbone(folder))


def test_a_graph_with_other_names_or_a_fixed_batch_is_found(folder: Path) -> None:
    model = onnx.load(folder / "backbone.onnx")
    model.graph.output[0].name = "first"
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    declare_graph(folder, model)
    found = errors(check_backbone(folder))
    assert "inputs [('image', (1, 3, 64, 64))], expected image of (batch, 3, 64, 64)" in found
    assert "outputs {'first'" in found


def test_a_graph_that_refers_to_another_file_is_not_run(folder: Path) -> None:
    """External data would let a graph read any file of the machine that runs it."""
    model = onnx.load(folder / "backbone.onnx")
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    declare_graph(folder, model)
    found = errors(check_backbone(folder))
    assert "keeps weights in another file" in found
    assert "onnxruntime" not in found


def test_a_graph_with_foreign_operators_is_not_run(folder: Path) -> None:
    model = onnx.load(folder / "backbone.onnx")
    constant = helper.make_node(
        "Constant", [], ["odd"], value=numpy_helper.from_array(torch.zeros(1).numpy(), "value")
    )
    model.graph.node.extend([constant, helper.make_node("Shell", ["odd"], ["none"], domain="evil")])
    declare_graph(folder, model)
    found = errors(check_backbone(folder))
    assert "operators outside the ONNX standard: evil" in found
    assert "onnxruntime" not in found


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\x08\xff\xff"])
def test_a_file_that_is_no_graph_is_an_error(folder: Path, content: bytes) -> None:
    (folder / "backbone.onnx").write_bytes(content)
    manifest = json.loads((folder / "backbone.json").read_text())
    manifest["onnx_sha256"] = file_sha256(folder / "backbone.onnx")
    (folder / "backbone.json").write_text(json.dumps(manifest))
    findings = check_backbone(folder)
    assert failed(findings)
    assert "backbone.onnx" in errors(findings)


def test_no_graph_is_a_warning_a_lost_one_an_error(folder: Path, toy_folder: Path) -> None:
    assert [f.level for f in check_backbone(toy_folder) if f.subject == "backbone.onnx"] == ["warning"]
    (folder / "backbone.onnx").unlink()
    assert "backbone.onnx: is missing" in errors(check_backbone(folder))


def test_weights_that_explode_are_an_error(toy: str, workspace: Path) -> None:
    """Every weight is finite, the features are not."""
    backbone = random_draw(toy, 1)
    with torch.no_grad():
        backbone.get_parameter("norm.weight").fill_(1e30)
        backbone.get_parameter("second.weight").mul_(1e30)
    root = workspace / "exploded"
    save_backbone(root, backbone, display_name="X", provenance=Provenance(method="x"), onnx=False, side=64)
    assert "PyTorch gives NaN or infinity" in errors(check_backbone(root))


def test_a_dead_level_is_a_warning(toy: str, workspace: Path) -> None:
    backbone = random_draw(toy, 1)
    with torch.no_grad():
        backbone.get_parameter("second.weight").zero_()
        backbone.get_parameter("second.bias").zero_()
    root = workspace / "dead"
    save_backbone(root, backbone, display_name="X", provenance=Provenance(method="x"), onnx=False, side=64)
    dead = [f for f in check_backbone(root) if f.subject == "coarse"]
    assert [f.level for f in dead] == ["warning"]
    assert "0 everywhere" in dead[0].message


def test_a_renamed_folder_and_foreign_files_are_found(toy_folder: Path) -> None:
    (toy_folder / "notes.txt").write_text("")
    renamed = toy_folder.rename(toy_folder.parent / "renamed")
    findings = check_backbone(renamed)
    assert "names the backbone 'my-toy', its folder is 'renamed'" in errors(findings)
    assert any(f.level == "warning" and f.subject == "notes.txt" for f in findings)


def test_an_empty_folder_is_one_error(tmp_path: Path) -> None:
    findings = check_backbone(tmp_path)
    assert [f.level for f in findings] == ["error"]
    assert "holds no backbone.json" in findings[0].message
