"""`lovt-bench submit` from the outside: what it says, what it writes, what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import save_file

from benchmark.backbone.folder import load_backbone, read_manifest
from benchmark.cli.submit import submit
from tests.benchmark.backbone.understand import wild


@pytest.fixture
def call(tmp_path: Path):
    """Submit to an empty workspace, a ResNet-18 without a graph."""

    def run(*arguments: str, name: str = "mine") -> Result:
        return CliRunner(env={"LOVT_BENCH_WORKSPACE": str(tmp_path / "workspace")}).invoke(
            submit, [name, "--arch", "resnet18", "--no-onnx", *arguments]
        )

    return run


@pytest.fixture
def moco(tmp_path: Path) -> str:
    torch.save(wild.moco_v2(), tmp_path / "moco.pth.tar")
    return str(tmp_path / "moco.pth.tar")


def test_a_checkpoint_becomes_a_declared_backbone_and_copies_are_refused(
    call, moco: str, tmp_path: Path
) -> None:
    declared = (
        "--display-name",
        "My method",
        "--paper",
        "https://example.org/p",
        "--pretraining-data",
        "NIH",
    )
    result = call("--weights", moco, *declared)
    assert result.exit_code == 0, result.output
    for line in (
        "encoder     resnet18, found at state_dict.module.encoder_q",
        "matched     120 tensors, all that the trunk needs",
        "dropped     state_dict.module.encoder_q.fc.* (2 tensors), state_dict.module.queue",
        "missing     none",
        "unexpected  none",
        "converted   nothing",
        "Next: lovt-bench evaluate mine",
    ):
        assert line in result.output
    root = tmp_path / "workspace" / "backbones" / "mine"
    loaded = load_backbone(root).state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in wild.trunk().items())
    manifest = read_manifest(root)
    assert manifest.display_name == "My method"
    assert str(manifest.provenance.paper) == "https://example.org/p"
    assert manifest.provenance.pretraining_data == ["NIH"]
    assert manifest.provenance.notes[0].startswith("trunk of resnet18 read at state_dict.module.encoder_q: ")

    taken = call("--weights", moco)
    assert taken.exit_code == 1
    assert "is there already; --force replaces it" in taken.output
    copy = call("--weights", moco, name="other")
    assert copy.exit_code == 1
    assert "are those of the backbone mine, value by value" in copy.output
    assert "other is not written" in copy.output
    assert not (root.parent / "other").exists()
    assert call("--weights", moco, "--allow-findings", name="other").exit_code == 0


def test_two_encoders_are_told_apart_by_the_option(call, tmp_path: Path) -> None:
    path = tmp_path / "two.safetensors"
    save_file(wild.below("student.", wild.trunk()) | wild.below("teacher.", wild.trunk(seed=1)), path)
    result = call("--weights", str(path))
    assert result.exit_code == 1
    assert "--encoder student (120 tensors); --encoder teacher (120 tensors)" in result.output
    assert call("--weights", str(path), "--encoder", "teacher").exit_code == 0
    loaded = load_backbone(tmp_path / "workspace" / "backbones" / "mine").state_dict()
    assert torch.equal(loaded["conv1.weight"], wild.trunk(seed=1)["conv1.weight"])


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("../mine", (), "is no backbone name"),
        ("imagenet", (), "choose another name"),
        ("random-best", (), "the name random-best is kept"),
        ("lovt", (), "lovt is a submission of this repository"),
        ("mine", ("--arch", "vgg"), "unknown architecture 'vgg'"),
        ("mine", ("--paper", "no address"), "the declaration does not fit: paper: "),
    ],
)
def test_mistakes_end_in_a_sentence_and_write_nothing(
    call, moco: str, tmp_path: Path, name: str, arguments: tuple[str, ...], message: str
) -> None:
    result = call("--weights", moco, *arguments, name=name)
    assert result.exit_code == 1
    assert message in result.output
    assert isinstance(result.exception, SystemExit)
    assert not (tmp_path / "workspace").exists()
