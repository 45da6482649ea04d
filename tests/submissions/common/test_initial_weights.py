"""What a backbone may start from, and what is said where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.submissions.common.errors import PretrainingError
from lovt_bench.submissions.common.initial_weights import initial_backbone


def test_random_is_the_draw_of_the_seed_and_declares_no_data() -> None:
    start = initial_backbone("random", "resnet18", 3)
    expected = random_draw("resnet18", 3).state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in start.backbone.state_dict().items())
    assert start.pretraining_data == ()


def test_a_weight_file_has_seen_data_that_nobody_declared(tmp_path: Path) -> None:
    state = random_draw("resnet18", 4).state_dict()
    save_file(state, tmp_path / "mine.safetensors")
    start = initial_backbone(str(tmp_path / "mine.safetensors"), "resnet18", 0)
    assert torch.equal(start.backbone.state_dict()["conv1.weight"], state["conv1.weight"])
    assert start.pretraining_data == ("unknown",)
    assert start.notes[0] == "started from mine.safetensors"


def test_a_backbone_folder_passes_its_declaration_on(tmp_path: Path) -> None:
    provenance = Provenance(method="x", pretraining_data=["MIMIC-CXR"])
    save_backbone(
        tmp_path / "b", random_draw("resnet18", 4), display_name="B", provenance=provenance, onnx=False
    )
    assert initial_backbone(str(tmp_path / "b"), "resnet18", 0).pretraining_data == ("MIMIC-CXR",)
    with pytest.raises(PretrainingError, match="b is a resnet18, the setting architecture says resnet50"):
        initial_backbone(str(tmp_path / "b"), "resnet50", 0)


def test_a_backbone_of_the_workspace_lies_where_the_harness_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container sees its folder under another name, so the name that was asked for is noted."""
    provenance = Provenance(method="x", pretraining_data=["NIH ChestX-ray14"])
    drawn = random_draw("resnet18", 5)
    save_backbone(tmp_path / "initial", drawn, display_name="B", provenance=provenance, onnx=False)
    monkeypatch.setenv("LOVT_BENCH_INITIAL", str(tmp_path / "initial"))
    start = initial_backbone("first", "resnet18", 0)
    expected = drawn.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in start.backbone.state_dict().items())
    assert start.pretraining_data == ("NIH ChestX-ray14",)
    assert start.notes == ("started from first",)
    assert initial_backbone("random", "resnet18", 0).pretraining_data == ()


def test_options_complete_a_draw_and_have_to_be_those_of_a_folder(tmp_path: Path) -> None:
    name, tiny = "timm.vit_tiny_patch16_224", {"patch_size": 32, "embed_dim": 16, "depth": 1, "num_heads": 2}
    backbone = initial_backbone("random", name, 3, tiny).backbone
    assert backbone.levels[-1].channels == 16
    save_backbone(tmp_path / "b", backbone, display_name="B", provenance=Provenance(method="x"), onnx=False)
    for options in (None, tiny):
        again = initial_backbone(str(tmp_path / "b"), name, 0, options).backbone
        assert again.options == backbone.options
    with pytest.raises(
        PretrainingError, match=r"b has the options .*architecture_options means .*set them alike"
    ):
        initial_backbone(str(tmp_path / "b"), name, 0, {**tiny, "positions": "bicubic"})
    (tmp_path / "b.pt").touch()
    with pytest.raises(PretrainingError, match="lovt-bench submit"):
        initial_backbone(str(tmp_path / "b.pt"), name, 0, tiny)


@pytest.mark.parametrize(
    ("choice", "architecture", "message"),
    [
        ("imagenet", "resnet18", "imagenet is resnet50 only, the architecture is resnet18"),
        ("absent.pt", "resnet18", "expected imagenet, random, a weight file, a backbone folder, or"),
        ("random", "resnet19", "resnet19"),
    ],
)
def test_what_is_not_there_is_explained(choice: str, architecture: str, message: str) -> None:
    with pytest.raises(PretrainingError, match=message):
        initial_backbone(choice, architecture, 0)


def test_no_imagenet_file_says_where_it_belongs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(PretrainingError, match=r"resnet50-0676ba61\.pth.*--set initial_weights=random"):
        initial_backbone("imagenet", "resnet50", 0)


def test_a_pickle_with_code_is_refused(tmp_path: Path) -> None:
    torch.save({"conv1.weight": Path.touch}, tmp_path / "evil.pt")
    with pytest.raises(PretrainingError, match="refused"):
        initial_backbone(str(tmp_path / "evil.pt"), "resnet18", 0)
