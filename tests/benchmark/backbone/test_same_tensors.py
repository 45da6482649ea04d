"""Which architectures tensors cannot tell apart; the oracle is the state dict of the networks themselves."""

from __future__ import annotations

import json
from importlib.metadata import version

import pytest
import timm
import torch

from lovt_bench.benchmark.backbone.registry import architectures
from lovt_bench.benchmark.backbone.same_tensors import FILE, ambiguity, find_groups, same_tensors
from tests.benchmark.backbone.conftest import TOY


def test_the_file_is_of_the_version_of_timm_that_is_installed() -> None:
    """A new one has other networks: `python -m lovt_bench.benchmark.backbone.same_tensors` writes the file anew."""
    assert json.loads(FILE.read_text())["timm"] == version("timm")


@pytest.mark.parametrize(
    ("architecture", "others"),
    [
        ("resnet50", ("timm.resnetaa50", "timm.resnetblur50")),
        ("timm.resnetblur50", ("resnet50", "timm.resnetaa50")),
        ("timm.efficientnet_b0", ("timm.efficientnet_blur_b0", "timm.tf_efficientnet_b0")),
        ("timm.convnext_atto", ()),
        ("resnet34", ()),
    ],
)
def test_networks_with_equal_tensors_are_known(architecture: str, others: tuple[str, ...]) -> None:
    assert same_tensors(architecture) == others
    own = shapes(architecture)
    assert all(shapes(other) == own for other in others)


def test_a_named_network_gives_other_features_of_the_same_tensors() -> None:
    """Else there would be nothing to tell."""
    given = timm.create_model("resnet18", num_classes=0).eval()
    blurred = timm.create_model("resnetblur18", num_classes=0).eval()
    blurred.load_state_dict(given.state_dict())
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        difference = (given(image) - blurred(image)).abs().max() / given(image).abs().max()
    assert difference > 0.1


def test_groups_follow_from_tensors_alone() -> None:
    names = ["resnet18", "resnet34", "timm.resnetblur18", "timm.efficientnet_b0", "timm.vit_tiny_patch16_224"]
    assert find_groups(names) == [["resnet18", "timm.resnetblur18"]]


@pytest.mark.slow
def test_the_file_holds_what_is_found_anew() -> None:
    """All of timm takes minutes; its ResNets are looked at here."""
    resnets = [
        name for name in timm.list_models() if timm.model_entrypoint(name).__module__ == "timm.models.resnet"
    ]
    names = [name if name in architectures() else f"timm.{name}" for name in resnets]
    kept = [[name for name in group if name in names] for group in json.loads(FILE.read_text())["groups"]]
    quick_first = sorted(names, key=lambda name: name not in architectures())
    assert find_groups(quick_first) == [group for group in kept if len(group) > 1]


def test_an_architecture_that_is_added_is_compared_without_an_edit(
    toy: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from lovt_bench.benchmark.backbone import architectures as families
    from lovt_bench.benchmark.backbone import registry

    assert same_tensors(toy) == ()
    folder = tmp_path_factory.mktemp("more")
    twin = TOY.replace('"toy"', '"toy-twin"').replace("stride=4)", "stride=4, dilation=1)")
    (folder / "toy_twin.py").write_text(twin)
    monkeypatch.setattr(families, "__path__", [*families.__path__, str(folder)])
    registry._tables.cache_clear()
    try:
        assert same_tensors(toy) == ("toy-twin",)
        assert same_tensors("toy-twin") == (toy,)
    finally:
        registry._tables.cache_clear()


def test_what_is_no_architecture_here_is_said_in_words() -> None:
    said = ambiguity("resnet50")
    for words in ("timm.resnetaa50, timm.resnetblur50", "--arch", "dilated", "1 x 1 convolution (Caffe"):
        assert words in said
    assert "1 x 1" not in ambiguity("resnet18")
    assert ambiguity("timm.convnext_atto") == ""


def shapes(architecture: str) -> dict[str, tuple[int, ...]]:
    """Return what the library's own network has, its classifier left out."""
    with torch.device("meta"):
        network = timm.create_model(architecture.removeprefix("timm."), num_classes=0)
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
