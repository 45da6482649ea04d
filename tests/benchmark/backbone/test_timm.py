"""timm's networks as backbones: timm's own maps and names, no download, no strides that are not there."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import timm
import torch
from timm.layers import DropPath
from torch import nn
from torch.nn import functional as F

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.registry import architectures, blueprint, build, summary
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract.backbone import architecture_class

LISTED = [name for name in architectures() if name.startswith("timm.")]
QUICK = ("timm.convnext_atto", "timm.densenet121")
ALIKE = ("timm.convnext_small", "timm.convnext_base", "timm.swin_base_patch4_window7_224")
"""Larger ones of families that are built anyway."""


@pytest.mark.parametrize(
    "name", ["convnext_atto", "regnetx_002", pytest.param("swin_s3_tiny_224", marks=pytest.mark.slow)]
)
def test_maps_are_those_that_timm_extracts_itself(name: str) -> None:
    """The oracle is timm's own extractor, another class over the same weights with other names."""
    ours = random_draw(f"timm.{name}", 3)
    side = 224 if "swin" in name else 64
    theirs: Any = timm.create_model(name, features_only=True).eval()
    state = ours.state_dict()
    theirs.load_state_dict(
        {key: state[key if key in state else key.replace("_", ".", 1)] for key in theirs.state_dict()}
    )
    image = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = theirs(image)
        found = ours(image)
    strides = theirs.feature_info.reduction()
    assert [stride for stride in found if stride >= strides[0]] == strides
    for stride, feature in zip(strides, expected, strict=True):
        other = feature if feature.shape[1] == found[stride].shape[1] else feature.permute(0, 3, 1, 2)
        torch.testing.assert_close(found[stride], other, rtol=0, atol=0)


def test_the_image_stands_in_for_a_missing_stride_2() -> None:
    backbone = random_draw("timm.convnext_atto", 0)
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        stand_in = backbone(image)[2]
    assert torch.equal(stand_in, F.interpolate(image, scale_factor=0.5, mode="area"))
    assert [level.substitute for level in backbone.levels] == ["image", None, None, None, None]
    assert all(level.substitute is None for level in blueprint("timm.regnetx_002").levels)


def test_published_names_load_as_they_are() -> None:
    published = timm.create_model("convnext_atto").state_dict()
    ours = build("timm.convnext_atto")
    names = {name for name in published if not name.startswith("head.")}
    assert ours.state_dict().keys() == names
    ours.load_state_dict({name: published[name] for name in names})
    assert torch.equal(ours.state_dict()["stem.0.weight"], published["stem.0.weight"])


def test_training_has_no_noise_of_its_own() -> None:
    """The protocol trains without dropout and stochastic depth; this network comes with the latter."""
    with torch.device("meta"):
        theirs = timm.create_model("swin_tiny_patch4_window7_224")
    assert any(module.drop_prob for module in theirs.modules() if isinstance(module, DropPath))
    noise = [
        m
        for m in blueprint("timm.swin_tiny_patch4_window7_224").modules()
        if isinstance(m, DropPath | nn.Dropout)
    ]
    assert noise
    assert not any(getattr(module, "drop_prob", 0) or getattr(module, "p", 0) for module in noise)


def test_a_mode_reaches_every_module_and_a_move_every_tensor() -> None:
    backbone: Any = build("timm.regnetx_002")
    network = backbone._network[0]
    assert not backbone.eval().training
    assert not network.training
    assert all(a is b for a, b in zip(backbone.parameters(), network.parameters(), strict=True))
    backbone.double()
    assert {p.dtype for p in network.parameters()} == {torch.float64}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("volo_d1_224", r"strides 4, 8, 16 and 32, or for tokens of one stride; it has \[8, 16\]"),
        ("tresnet_m", "maps of 224-pixel images do not have the sides"),
        ("resnet50", "torchvision's network: use resnet50"),
        ("convnext_tiny.fb_in22k", "names weights, not an architecture: use timm.convnext_tiny"),
        ("convnxt_tiny", "did you mean timm.convnext_tiny"),
        ("hf-hub:someone/model", "timm has no network"),
        ("local-dir:/tmp/model", "timm has no network"),
    ],
)
def test_others_are_refused_before_anything_is_built_or_fetched(name: str, message: str) -> None:
    with pytest.raises(BackboneError, match=message):
        blueprint(f"timm.{name}")


def test_a_network_of_one_side_says_so() -> None:
    backbone = build("timm.hiera_tiny_224")
    assert backbone.fixed_side == 224
    with pytest.raises(BackboneError, match="takes images of 224 pixels only, found 64"):
        backbone(torch.zeros(1, 3, 64, 64))


@pytest.mark.parametrize("name", QUICK)
def test_listings_say_what_is_built(name: str) -> None:
    assert summary(name).parameters == blueprint(name).parameter_count
    assert summary(name).levels == blueprint(name).levels
    assert summary(name).first == next(iter(blueprint(name).state_dict()))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*LISTED} - {*QUICK, *ALIKE}))
def test_every_listed_network_is_what_the_listing_says(name: str) -> None:
    test_listings_say_what_is_built(name)


def test_only_resnet50_is_in_the_paper_class() -> None:
    assert [name for name in architectures() if architecture_class(name) == "paper"] == ["resnet50"]
    assert architecture_class("onnx") == architecture_class("timm.resnet50d") == "open"


def test_names_and_resnets_do_without_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing it takes seconds, and containers of methods need not have it."""
    monkeypatch.setitem(sys.modules, "timm", None)
    monkeypatch.delitem(sys.modules, "lovt_bench.benchmark.backbone.architectures.timm_models")
    registry._tables.cache_clear()
    assert set(LISTED) < set(architectures())
    assert summary("timm.convnext_tiny").parameters
    build("resnet18")
    with pytest.raises(ImportError):
        build("timm.convnext_atto")
    registry._tables.cache_clear()
