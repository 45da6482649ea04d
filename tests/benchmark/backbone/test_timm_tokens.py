"""timm's networks with one stride as backbones: timm's own tokens, at any side, and levels resampled from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnxruntime
import pytest
import timm
import torch
from pydantic import JsonValue
from torch import Tensor, nn
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.export import export_onnx
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.registry import blueprint, build
from lovt_bench.benchmark.backbone.tokens.stored import stored_tokens
from lovt_bench.benchmark.contract.backbone import architecture_class

SMALL: dict[str, JsonValue] = {"depth": 4, "embed_dim": 24, "num_heads": 2}
ROTARY: dict[str, JsonValue] = {"depth": 2, "embed_dim": 48, "num_heads": 4}

NETWORKS: dict[str, tuple[str, Mapping[str, JsonValue]]] = {
    "patch 8": ("vit_tiny_patch16_224", {**SMALL, "patch_size": 8}),
    "patch 14": ("vit_tiny_patch16_224", {**SMALL, "patch_size": 14}),
    "patch 16": ("vit_tiny_patch16_224", SMALL),
    "patch 32": ("vit_tiny_patch16_224", {**SMALL, "patch_size": 32}),
    "registers": ("vit_small_patch14_reg4_dinov2", SMALL),
    "distilled": ("deit_tiny_distilled_patch16_224", SMALL),
    "no CLS": ("vit_base_patch16_siglip_224", SMALL),
    "norm before": ("vit_base_patch32_clip_quickgelu_224", SMALL),
    "norm behind the pool": ("vit_base_patch16_gap_224", SMALL),
    "EVA-02": ("eva02_tiny_patch14_224", ROTARY),
    "DINOv3": ("vit_small_patch16_dinov3", ROTARY),
}
PATCHES = {"patch 8": 8, "patch 14": 14, "patch 16": 16, "patch 32": 32}


def made(kind: str, **more: JsonValue) -> Any:
    name, options = NETWORKS[kind]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        backbone = build(f"timm.{name}", {**options, **more}).eval()
        for parameter in backbone.parameters():  # layer scale would hide the blocks
            if parameter.ndim == 1 or parameter.numel() == parameter.shape[-1]:
                nn.init.normal_(parameter, 0.5, 0.2)
        for name, parameter in backbone.named_parameters():  # small ones attend to all tokens alike
            if "qkv" in name or "_proj" in name:
                nn.init.normal_(parameter, 0, 0.5)
    return backbone


def image(side: int, count: int = 1) -> Tensor:
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(side))


def timms(kind: str, backbone: Any, side: int) -> Any:
    """Return timm's own network of the same weights, built for images of a side."""
    name = NETWORKS[kind][0]
    options: Mapping[str, Any] = NETWORKS[kind][1]
    theirs: Any = timm.create_model(name, img_size=side, **options).eval()
    state = {key: value for key, value in backbone.state_dict().items() if key in theirs.state_dict()}
    wanted = theirs.state_dict().get("pos_embed")
    if wanted is not None and wanted.shape != state["pos_embed"].shape:
        prefix = 0 if theirs.no_embed_class else theirs.num_prefix_tokens
        state["pos_embed"] = timm.layers.resample_abs_pos_embed(
            state["pos_embed"], theirs.patch_embed.grid_size, num_prefix_tokens=prefix
        )
    missing, unknown = theirs.load_state_dict(state, strict=False)
    assert not unknown
    assert not [each for each in missing if not each.startswith(("head", "attn_pool"))]
    return theirs


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("side", [224, 64])
@torch.no_grad()
def test_tokens_are_those_of_timm(kind: str, side: int) -> None:
    backbone = made(kind)
    fitted = backbone.fitted(image(side))
    theirs = timms(kind, backbone, fitted.shape[-1])
    tokens = theirs.forward_features(fitted)[:, theirs.num_prefix_tokens :]
    (found,) = backbone.token_maps(fitted)
    grid = backbone.grid(side)
    assert found.shape == (1, backbone.levels[-1].channels, grid, grid)
    # Where timm norms what is pooled, tokens go through that norm.
    expected = theirs.fc_norm(tokens) if backbone.norm_name == "fc_norm" else tokens
    torch.testing.assert_close(found.flatten(2).transpose(1, 2), expected, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(found, found.mean((2, 3), keepdim=True), atol=1e-3)


@torch.no_grad()
def test_a_patch_that_does_not_divide_the_side_sees_the_image_resampled_to_the_nearest_one() -> None:
    backbone = made("patch 14")
    for side, fitted in ((64, 70), (128, 126), (224, 224)):
        expected = F.interpolate(image(side), (fitted, fitted), mode="bilinear", antialias=True)
        torch.testing.assert_close(backbone.fitted(image(side)), expected, rtol=0, atol=1e-4)
        (tokens,) = backbone.token_maps(expected)
        levels = backbone(image(side))
        assert {stride: each.shape[-1] for stride, each in levels.items()} == {
            stride: side // stride for stride in (2, 4, 8, 16, 32)
        }
        level = F.interpolate(tokens, (side // 8, side // 8), mode="bilinear", antialias=True)
        torch.testing.assert_close(levels[8], level, rtol=0, atol=1e-3)
        assert torch.equal(levels[2], F.avg_pool2d(image(side), 2))


@torch.no_grad()
def test_quarters_are_the_normed_maps_after_each_quarter_of_the_blocks() -> None:
    backbone = made("registers", levels="quarters")
    theirs = timms("registers", backbone, 224)
    expected = theirs.get_intermediate_layers(image(224), n=[0, 1, 2, 3], reshape=True, norm=True)
    for found, map_ in zip(backbone.token_maps(image(224)), expected, strict=True):
        torch.testing.assert_close(found, map_, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_the_rule_for_positions_changes_other_sides_only() -> None:
    ours, theirs = made("patch 16"), made("patch 16", positions="bicubic")
    assert torch.equal(ours(image(224))[16], theirs(image(224))[16])
    assert not torch.allclose(ours(image(64))[16], theirs(image(64))[16], atol=1e-4)


@torch.no_grad()
def test_what_shapes_do_not_tell_changes_features() -> None:
    plain = made("patch 16")(image(224))[16]
    for more in ({"num_heads": 3}, {"norm_eps": 0.05}, {"activation": "quick_gelu"}):
        assert not torch.allclose(made("patch 16", **more)(image(224))[16], plain, atol=1e-4)
    rotary, scaled = made("EVA-02"), made("EVA-02", patch_size=16, ref_feat_shape=[14, 14])
    unscaled = made("EVA-02", patch_size=16)
    assert rotary.state_dict().keys() == scaled.state_dict().keys()
    assert not torch.allclose(scaled(image(224))[16], unscaled(image(224))[16], atol=1e-3)


def test_options_come_back_whole_and_give_the_same_network() -> None:
    backbone = made("patch 16", native_grid=24)
    rules = {"levels": backbone.rule, "positions": "bicubic-antialias", "native_grid": 24}
    assert backbone.options == {**rules, **SMALL}
    again = blueprint(backbone.architecture, backbone.options)
    assert again.options == backbone.options
    assert again.state_dict().keys() == backbone.state_dict().keys()
    assert architecture_class(backbone.architecture) == "open"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vit_tiny_patch16_224", {"heads": 3}, "heads: there is no such field"),
        ("vit_tiny_patch16_224", {"num_heads": "six"}, "num_heads"),
        ("vit_tiny_patch16_224", {"depth": 10**6}, "depth"),
        ("vit_tiny_patch16_224", {"levels": "first"}, "levels"),
        ("vit_tiny_patch16_224", {"num_heads": 5}, "does not take the options"),
        ("vit_tiny_patch16_224", {"pretrained": True}, "pretrained: there is no such field"),
        ("vit_tiny_patch16_224", {"swiglu": False}, "swiglu"),
        ("eva02_tiny_patch14_224", {"ref_feat_shape": [0, 14]}, "ref_feat_shape"),
        ("eva02_tiny_patch14_224", {"ref_feat_shape": [14, 100_000]}, "ref_feat_shape"),
        (
            "eva02_tiny_patch14_224",
            {"embed_dim": 24, "num_heads": 4, "depth": 1},
            "wanted on a square grid of patches, but timm says: Attempting to broadcast",
        ),
        ("convnext_atto", {"levels": "last"}, "takes no options: only networks with one stride do"),
    ],
)
def test_other_options_are_refused(name: str, options: dict[str, JsonValue], message: str) -> None:
    with pytest.raises(BackboneError, match=message):
        blueprint(f"timm.{name}", options)


def test_gradients_reach_every_tensor_through_the_resampling() -> None:
    backbone = made("patch 14")
    sum(level.square().mean() for level in backbone(image(64)).values()).backward()
    assert [name for name, each in backbone.named_parameters() if each.grad is None] == []
    assert float(backbone.get_parameter("pos_embed").grad.abs().sum()) > 0


def test_gradients_are_those_of_finite_differences() -> None:
    backbone = made("patch 32").double()
    weights = {
        stride: torch.randn_like(each) for stride, each in backbone(image(64).double()).items() if stride > 2
    }

    def loss() -> Tensor:
        return sum(
            (weights[stride] * level).sum()
            for stride, level in backbone(image(64).double()).items()
            if stride > 2
        )

    loss().backward()
    for name in ("pos_embed", "patch_embed.proj.weight", "blocks.1.attn.qkv.weight", "norm.bias"):
        parameter = backbone.get_parameter(name)
        place, step = parameter.numel() // 2, 1e-5
        with torch.no_grad():
            flat, values = parameter.view(-1), []
            for sign in (1, -1):
                flat[place] += sign * step
                values.append(float(loss()))
                flat[place] -= sign * step
        assert float(parameter.grad.flatten()[place]) == pytest.approx(
            (values[0] - values[1]) / (2 * step), rel=1e-5
        )


@pytest.mark.parametrize(("kind", "side"), [("patch 14", 64), ("EVA-02", 224)])
def test_a_graph_equals_the_network(kind: str, side: int) -> None:
    backbone = made(kind)
    session = onnxruntime.InferenceSession(export_onnx(backbone, side), providers=["CPUExecutionProvider"])
    found = session.run(None, {"image": image(side, 2).numpy()})
    with torch.no_grad():
        expected = backbone.feature_maps(image(side, 2))
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(torch.from_numpy(ours), theirs, rtol=1e-4, atol=1e-4)


def test_one_side_only_is_said_where_relative_positions_are_for_one() -> None:
    backbone = build("timm.beit_base_patch16_224", {"depth": 1, "embed_dim": 24, "num_heads": 2})
    assert backbone.fixed_side == 224
    with pytest.raises(BackboneError, match="takes images of 224 pixels only"):
        backbone(image(64))


def test_words_say_at_which_side_the_network_sees_an_image() -> None:
    tokens = stored_tokens(blueprint("timm.vit_tiny_patch16_224", {**SMALL, "patch_size": 14}))
    assert tokens is not None
    assert "16 x 16 tokens" in tokens.described(224)
    assert "resampled to" not in tokens.described(224)
    assert "images of 64 pixels are first resampled to 70" in tokens.described(64)
