"""What networks cost, against what torchvision publishes of its own; and how facts travel into a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn
from torchvision.models import get_model_weights

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.architectures.hf import from_config
from lovt_bench.benchmark.backbone.folder import read_manifest, save_backbone
from lovt_bench.benchmark.backbone.model import Backbone, level_of
from lovt_bench.benchmark.backbone.network import count, native_side, network_facts
from lovt_bench.benchmark.backbone.understand.trunk import understand
from lovt_bench.benchmark.contract.backbone import BackboneManifest, Provenance
from lovt_bench.benchmark.contract.network import listed_networks

TORCHVISION = {
    "timm.convnext_tiny": "convnext_tiny",
    "timm.convnext_small": "convnext_small",
    "timm.convnext_base": "convnext_base",
    "timm.densenet121": "densenet121",
    "timm.mobilenetv3_large_100": "mobilenet_v3_large",
    "timm.regnety_032": "regnet_y_3_2gf",
    "timm.swin_tiny_patch4_window7_224": "swin_t",
    "timm.swin_base_patch4_window7_224": "swin_b",
}
"""Networks of timm that torchvision has too."""


def test_each_listed_architecture_is_in_the_file() -> None:
    advice = "python -m lovt_bench.benchmark.backbone.network writes it"
    assert list(listed_networks()) == registry.architectures(), advice


@pytest.mark.parametrize(
    "name", [name for name in registry.architectures() if "." not in name] + list(TORCHVISION)
)
def test_multiply_adds_are_those_that_torchvision_publishes(name: str) -> None:
    """Its numbers hold the classifier, which is no part of a backbone: at most 2 % here."""
    published = min(weights.meta["_ops"] for weights in get_model_weights(TORCHVISION.get(name, name)))
    found = listed_networks()[name].gmac
    assert found is not None
    assert 0.98 * published <= found <= 1.001 * published


@pytest.mark.parametrize("name", ["resnet18", "timm.convnext_atto", "timm.swin_tiny_patch4_window7_224"])
def test_the_file_says_what_is_counted(name: str) -> None:
    assert count(registry.blueprint(name)) == listed_networks()[name]


class Other(Backbone):
    """A network of timm behind the contract's face."""

    def __init__(self, name: str, side: int = 224, options: dict[str, object] | None = None) -> None:
        super().__init__(f"timm.{name}", (level_of(32, 1),), options)  # type: ignore[arg-type]
        self.fixed_side = side
        self.network = timm.create_model(name)

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        return (self.network(image)[:, :1, None, None],)


@pytest.mark.parametrize(
    ("name", "family", "patch"),
    [("vit_tiny_patch16_224", "transformer", 16), ("seresnet18", "CNN", None), ("resnest14d", "CNN", None)],
)
def test_attention_over_positions_makes_a_transformer_and_gates_on_channels_do_not(
    name: str, family: str, patch: int | None
) -> None:
    with torch.device("meta"):
        found = count(Other(name, options={"image_size": 518}))
    assert (found.family, found.patch, found.native_side) == (family, patch, 518)


def test_a_plain_vision_transformer_costs_what_its_sizes_say() -> None:
    """12 blocks of width 192 over 197 tokens, its patches, and the classifier that is left in here."""
    with torch.device("meta"):
        found = count(Other("vit_tiny_patch16_224"))
    tokens, width = 197, 192
    block = 12 * tokens * width**2 + 2 * tokens**2 * width
    total = 12 * block + 196 * 3 * 16**2 * width + 1000 * width
    assert found.gmac == pytest.approx(total / 1e9, rel=1e-3)


def test_a_network_that_cannot_run_without_values_is_named_without_a_cost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Looking(Backbone):
        def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
            return (image * float(image.sum()),)

    found = count(Looking("looking", (level_of(32, 3),)).train())
    assert found.gmac is None
    assert "multiply-adds are not known" in caplog.text


@pytest.mark.parametrize(
    ("options", "side"),
    [
        ({"image_size": 518}, 518),
        ({"img_size": [384, 512]}, 512),
        ({"config": {"vision_config": {"image_size": 448}}}, 448),
        ({"image_size": True, "depth": 12}, None),
        ({"image_size": "518"}, None),
        ({"config": {"image_size": 224}, "native_side": 518}, 518),
        ({}, None),
    ],
)
def test_a_configuration_says_what_images_it_was_made_for(
    options: dict[str, object], side: int | None
) -> None:
    assert native_side(options) == side  # type: ignore[arg-type]


@pytest.mark.parametrize("model_type", ["dinov2", "siglip_vision_model", "hiera"])
def test_the_side_of_pre_training_is_not_the_side_of_the_benchmark(model_type: str) -> None:
    """Tables are resampled to 224 pixels, so the configuration that is kept says 224."""
    whole: dict[str, Any] = {"model_type": model_type, "image_size": 448, "patch_size": 14}
    if model_type == "hiera":
        whole = {"model_type": model_type, "image_size": [448, 448]}
    _, options = from_config(whole)
    assert options is not None
    assert native_side(options) == 448


def test_a_table_of_timm_says_for_which_images_it_was_trained(tmp_path: Path) -> None:
    """In a folder; the oracle is the side that the network of the file was built for."""
    options: Any = {"embed_dim": 24, "depth": 1, "num_heads": 2}
    theirs = timm.create_model("vit_tiny_patch16_224", img_size=384, num_classes=0, **options)
    backbone = understand(theirs.state_dict(), "timm.vit_tiny_patch16_224", options=options).backbone()
    save_backbone(tmp_path / "a", backbone, display_name="A", provenance=Provenance(), onnx=False)
    network = read_manifest(tmp_path / "a").network
    assert network is not None
    assert (network.native_side, network.patch, network.family) == (384, 16, "transformer")


def test_a_folder_says_what_its_network_is(tmp_path: Path) -> None:
    backbone = registry.build("resnet18")
    save_backbone(tmp_path / "a", backbone, display_name="A", provenance=Provenance(), onnx=False)
    text = (tmp_path / "a" / "backbone.json").read_text()
    assert json.loads(text)["network"] == {"family": "CNN", "patch": None, "gmac": 1.814, "native_side": None}
    older = {name: value for name, value in json.loads(text).items() if name != "network"}
    assert "network" not in BackboneManifest.model_validate(older).model_dump()


def test_training_mode_and_values_stay() -> None:
    backbone = registry.blueprint("resnet18")
    training = backbone.training
    count(backbone)
    assert backbone.training == training
    assert all(
        module.training == training for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)
    )
    assert network_facts("resnet18").family == "CNN"
