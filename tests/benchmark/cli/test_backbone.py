"""`lovt-bench backbone` from the outside."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import save_file

from benchmark.backbone.folder import load_backbone, read_manifest
from benchmark.backbone.sources import random_draw
from benchmark.backbone.weights import weights_digest
from benchmark.cli.backbone import backbone


@pytest.fixture
def call(tmp_path: Path):
    """Run a sub-command in an empty workspace."""

    def run(*arguments: str) -> Result:
        return CliRunner(env={"LOVT_BENCH_WORKSPACE": str(tmp_path / "workspace")}).invoke(
            backbone, arguments
        )

    return run


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A state dict in torchvision's layout, classifier included."""
    path = tmp_path / "r18.safetensors"
    state = dict(random_draw("resnet18", 4).state_dict())
    save_file({**state, "fc.weight": torch.zeros(3, 512), "fc.bias": torch.zeros(3)}, path)
    return path


def test_export_check_list(call, weights: Path, tmp_path: Path) -> None:
    result = call(
        *("export", "mine", "--weights", str(weights), "--arch", "resnet18", "--no-onnx"),
        *(
            "--display-name",
            "My method",
            "--pretraining-data",
            "MIMIC-CXR",
            "--pretraining-data",
            "other: ours",
        ),
    )
    assert result.exit_code == 0, result.output
    assert "note: left out: fc.bias, fc.weight" in result.output
    root = tmp_path / "workspace" / "backbones" / "mine"
    assert weights_digest(load_backbone(root)) == weights_digest(random_draw("resnet18", 4))
    manifest = read_manifest(root)
    assert manifest.display_name == "My method"
    assert manifest.provenance.pretraining_data == ["mimic-cxr", "other: ours"]

    checked = call("check", "mine")
    assert checked.exit_code == 0
    assert "7 of 8 checks ok, 1 warning\n" in checked.output
    listed = call("list")
    assert "My method" in listed.output
    assert "drawn per run" in listed.output


def test_check_ends_with_1_on_an_error(call, weights: Path, tmp_path: Path) -> None:
    call("export", "mine", "--weights", str(weights), "--arch", "resnet18", "--no-onnx")
    with (tmp_path / "workspace" / "backbones" / "mine" / "backbone.safetensors").open("ab") as file:
        file.write(b"\x00")
    for target in ("mine", str(tmp_path / "workspace" / "backbones" / "mine")):
        result = call("check", target)
        assert result.exit_code == 1
        assert "the weights were changed after export" in result.output


def test_export_of_one_random_draw(call, tmp_path: Path) -> None:
    result = call("export", "random", "--seed", "4", "--arch", "resnet18", "--no-onnx")
    assert result.exit_code == 0, result.output
    root = tmp_path / "workspace" / "backbones" / "random-resnet18-4"
    assert read_manifest(root).provenance.seed == 4
    assert weights_digest(load_backbone(root)) == weights_digest(random_draw("resnet18", 4))


def test_an_existing_backbone_is_replaced_only_by_force(call) -> None:
    arguments = ("export", "random", "--seed", "4", "--arch", "resnet18", "--no-onnx")
    assert call(*arguments).exit_code == 0
    again = call(*arguments)
    assert again.exit_code == 1
    assert "--force replaces it" in again.output
    assert call(*arguments, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "mine"), "needs --weights FILE"),
        (("export", "random"), "needs --seed"),
        (("export", "mine", "--seed", "1"), "--seed belongs to NAME random"),
        (("export", "random-best", "--weights", "x.pt"), "kept for random draws"),
        (("export", "imagenet", "--arch", "resnet18"), "imagenet is resnet50"),
        (("export", "../mine", "--weights", "x.pt"), "is no backbone name"),
        (("export", "mine", "--weights", "absent.pt"), "no weight file: absent.pt is not there"),
        (("export", "random", "--seed", "1", "--arch", "vgg"), "unknown architecture 'vgg'; known: "),
        (("check", "absent"), "no backbone folder"),
        (("check", "../absent"), "no backbone folder"),
    ],
)
def test_mistakes_end_in_a_sentence_not_in_a_traceback(
    call, arguments: tuple[str, ...], message: str
) -> None:
    result = call(*arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert isinstance(result.exception, SystemExit)


def test_architectures_show_levels_and_parameters(call) -> None:
    result = call("architectures")
    assert "23,508,032  c1 64/2  c2 256/4  c3 512/8  c4 1024/16  c5 2048/32" in result.output


def test_a_broken_folder_is_listed_as_broken(call, tmp_path: Path) -> None:
    root = tmp_path / "workspace" / "backbones" / "odd"
    root.mkdir(parents=True)
    (root / "backbone.json").write_text("{}")
    assert "broken" in call("list").output
