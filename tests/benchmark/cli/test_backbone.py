"""`lovt-bench backbone` from the outside."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lovt_bench.benchmark.backbone.folder import load_backbone, read_manifest
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.backbone.weights import weights_digest
from lovt_bench.benchmark.cli.backbone import backbone
from lovt_bench.benchmark.cli.submit import submit


@pytest.fixture
def call(tmp_path: Path):
    """Run a sub-command in an empty workspace."""

    def run(*arguments: str) -> Result:
        return CliRunner(env={"LOVT_BENCH_WORKSPACE": str(tmp_path / "workspace")}).invoke(
            backbone, arguments
        )

    return run


@pytest.fixture
def draw(call, tmp_path: Path) -> Path:
    """A backbone folder in the workspace."""
    assert call("export", "random", "--seed", "4", "--arch", "resnet18", "--no-onnx").exit_code == 0
    return tmp_path / "workspace" / "backbones" / "random-resnet18-4"


def test_export_check_list(call, draw: Path) -> None:
    checked = call("check", draw.name)
    assert checked.exit_code == 0
    assert "7 of 8 checks ok, 1 warning\n" in checked.output
    listed = call("list")
    assert "Random (resnet18), seed 4" in listed.output
    assert "drawn per run" in listed.output


def test_check_ends_with_1_on_an_error(call, draw: Path) -> None:
    with (draw / "backbone.safetensors").open("ab") as file:
        file.write(b"\x00")
    for target in (draw.name, str(draw)):
        result = call("check", target)
        assert result.exit_code == 1
        assert "the weights were changed after export" in result.output


def test_weights_from_elsewhere_are_submitted_and_the_command_line_is_told(call) -> None:
    words = ("--arch", "resnet18", "--pretraining-data", "other: ours", "--no-onnx", "--force")
    result = call("export", "mine", "--weights", "my weights.pth", *words)
    assert result.exit_code == 1
    asked = shlex.split(" ".join(result.output.partition(" with: ")[2].split("\n")))
    assert asked == ["lovt-bench", "submit", "mine", "--weights", "my weights.pth", *words]
    context = submit.make_context("submit", asked[2:], resilient_parsing=False)
    assert context.params["pretraining_data"] == ("other: ours",)


@pytest.mark.parametrize("name", ["random", "random-best", "my-shuffled"])
def test_a_kept_name_is_not_advised(call, name: str) -> None:
    result = call("export", name, "--weights", "w.pth")
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert f"the name {name} is kept for what is always there" in said
    assert "lovt-bench submit NAME --weights w.pth" in said


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
        (("export", "mine"), "with: lovt-bench submit mine --weights FILE"),
        (("export", "imagenet", "--weights", "resnet50-0676ba61.pth"), "and put it at "),
        (("export", "random"), "needs --seed"),
        (("export", "imagenet", "--seed", "1"), "--seed belongs to NAME random"),
        (("export", "imagenet", "--arch", "resnet18"), "imagenet is resnet50"),
        (("export", "../mine"), "is no backbone name"),
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
