"""Plain transformers as their libraries name them: tokens equal the origin's forward, whatever was cut or joined."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from timm.models import eva, swin_transformer, vision_transformer
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.tokens.model import TokenBackbone
from lovt_bench.benchmark.backbone.understand.trunk import Understood, understand

SMALL: dict[str, Any] = {"embed_dim": 48, "depth": 2, "num_heads": 3}
SIZES: dict[str, Any] = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3}
State = dict[str, Tensor]


def trained(network: nn.Module) -> nn.Module:
    """Return the network with no tensor left as it was initialised."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return network.eval()


def image() -> Tensor:
    return torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))


def tokens(found: Understood) -> Tensor:
    """Return (1, patches, width)."""
    backbone = found.backbone()
    assert isinstance(backbone, TokenBackbone)
    with torch.inference_mode():
        return backbone.token_maps(backbone.fitted(image()))[-1].flatten(2).transpose(1, 2)


def furthest(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).abs().max() / theirs.abs().max())


@cache
def small(name: str, **options: Any) -> State:
    """Return the tensors of a small network of timm, without its head."""
    return dict(trained(timm.create_model(name, num_classes=0, **{**SMALL, **options})).state_dict())


JOINED = "query, key and value joined to one product (4 times)"
NO_KEYS = "query, key and value joined to one product; keys have no bias in the file and get 0"


@dataclass(frozen=True)
class Case:
    """A network of transformers, and timm's of the same tensors."""

    build: Callable[[], Any]
    architecture: str
    others: int = 1
    """Tokens before the patches."""
    said: tuple[str, ...] = (JOINED,)
    options: Mapping[str, Any] = field(default_factory=dict)
    norm: str = ""
    """Names the norm that the network applies to the class token alone."""


HUGGING_FACE = {
    "ViT": Case(
        lambda: transformers.ViTModel(
            transformers.ViTConfig(**SIZES, intermediate_size=192, layer_norm_eps=1e-6),
            add_pooling_layer=False,
        ),
        "timm.vit_tiny_patch16_224",
    ),
    "DINOv2": Case(
        lambda: transformers.Dinov2Model(transformers.Dinov2Config(**SIZES, image_size=518, patch_size=14)),
        "timm.vit_small_patch14_dinov2",
        said=(JOINED, "position table 37 x 37 resampled to 16 x 16 by the rule of transformers"),
    ),
    "DINOv2 with registers": Case(
        lambda: transformers.Dinov2WithRegistersModel(
            transformers.Dinov2WithRegistersConfig(**SIZES, image_size=224, patch_size=14)
        ),
        "timm.vit_small_patch14_reg4_dinov2",
        5,
        (JOINED, "the class token's row of the position table added to the class token"),
    ),
    "DINOv3": Case(
        lambda: transformers.DINOv3ViTModel(
            transformers.DINOv3ViTConfig(**SIZES, intermediate_size=192, num_register_tokens=4)
        ),
        "timm.vit_small_patch16_dinov3_qkvb",
        5,
        ("query, key and value joined to one product (2 times)",),
    ),
    "DINOv3 with gated units": Case(
        lambda: transformers.DINOv3ViTModel(
            transformers.DINOv3ViTConfig(
                **SIZES,
                intermediate_size=192,
                num_register_tokens=4,
                use_gated_mlp=True,
                query_bias=False,
                value_bias=False,
                hidden_act="silu",
            )
        ),
        "timm.vit_huge_plus_patch16_dinov3",
        5,
        ("query, key and value joined to one product (2 times)",),
    ),
    "SigLIP": Case(
        lambda: transformers.SiglipVisionModel(
            transformers.SiglipVisionConfig(**SIZES, intermediate_size=192, image_size=224, patch_size=16)
        ),
        "timm.vit_base_patch16_siglip_512",
        0,
        options={"activation": "gelu_tanh"},  # as SigLIP was trained
    ),
    "CLIP": Case(
        lambda: transformers.CLIPVisionModel(
            transformers.CLIPVisionConfig(**SIZES, intermediate_size=192, image_size=224, patch_size=16)
        ),
        "timm.vit_base_patch16_clip_quickgelu_224",
        norm="post_layernorm",
    ),
    "BEiT": Case(
        lambda: transformers.BeitModel(
            transformers.BeitConfig(
                **SIZES, intermediate_size=192, layer_norm_eps=1e-6, use_relative_position_bias=True
            )
        ),
        "timm.beit_base_patch16_224",
        said=("query, key and value joined to one product (2 times)",),
        norm="pooler.layernorm",
    ),
}


@pytest.mark.parametrize("case", HUGGING_FACE)
def test_a_bare_file_of_hugging_face_gives_its_tokens(tmp_path: Path, case: str) -> None:
    """Under the names of files, and under those of the module."""
    one = HUGGING_FACE[case]
    theirs: Any = trained(one.build())
    theirs.save_pretrained(tmp_path)
    with torch.inference_mode():
        expected = theirs(image()).last_hidden_state[:, one.others :]
        expected = theirs.get_submodule(one.norm)(expected) if one.norm else expected
    for state in (load_file(tmp_path / "model.safetensors"), theirs.state_dict()):
        content = {"state_dict": {f"model.encoder.{name}": value for name, value in state.items()}}
        found = understand(content, one.architecture, options={**SMALL, **one.options})
        assert furthest(tokens(found), expected) < 1e-5
        assert found.report.layout == "Hugging Face transformers"
        for sentence in one.said:
            assert any(sentence in line for line in found.report.conversions)


def test_a_bare_swin_of_hugging_face_gives_its_maps(tmp_path: Path) -> None:
    theirs: Any = transformers.SwinModel(transformers.SwinConfig(layer_norm_eps=1e-5)).eval()
    theirs.save_pretrained(tmp_path)
    found = understand(
        load_file(tmp_path / "model.safetensors"), "timm.swin_tiny_patch4_window7_224"
    ).backbone()
    with torch.inference_mode():
        expected = theirs(image(), output_hidden_states=True).reshaped_hidden_states[-1]
        assert furthest(found(image())[32], expected) < 1e-5


def test_keys_without_a_bias_get_0() -> None:
    """BEiT's data2vec and others learn none; the attention of a network that has one is the same with 0."""
    own = dict(small("vit_tiny_patch16_224"))
    apart: State = {}
    for name, value in own.items():
        if name.endswith("qkv.bias"):
            own[name][48:96] = 0
        if "attn.qkv." in name:
            for letter, third in zip("qkv", value.chunk(3), strict=True):
                apart[name.replace("qkv", f"{letter}_proj")] = third
        else:
            apart[name] = value
    for block in range(2):
        del apart[f"blocks.{block}.attn.k_proj.bias"]
    found = understand(apart, "timm.vit_tiny_patch16_224", options=SMALL)
    assert all(torch.equal(tensor, own[name]) for name, tensor in found.state.items())
    assert any(line.startswith(NO_KEYS) for line in found.report.conversions)


def dinov3(state: State, keys: Tensor) -> State:
    """Return DINOv3's repository's names of a network of timm, with this bias of the keys."""
    renamed = [
        (r"^reg_token$", "storage_tokens"),
        (r"\.gamma_([12])$", r".ls\1.gamma"),
        (r"\.mlp\.fc1_g\.", ".mlp.w1."),
        (r"\.mlp\.fc1_x\.", ".mlp.w2."),
    ]
    if any("mlp.fc1_g" in name for name in state):
        renamed.append((r"\.mlp\.fc2\.", ".mlp.w3."))
    found = {_all(renamed, name): value for name, value in state.items() if not name.endswith("_bias")}
    for name in [name for name in state if name.endswith(".q_bias")]:
        stem = name.removesuffix("q_bias")
        found[f"{stem}qkv.bias"] = torch.cat([state[name], keys, state[f"{stem}v_bias"]])
    return found | {"mask_token": torch.zeros(1, 48), "rope_embed.periods": torch.zeros(4)}


def test_dinov3_of_its_repository_becomes_timms() -> None:
    """The bias of the keys is 0, or a mask says so; the oracle is timm's own conversion."""
    name = "vit_small_patch16_dinov3_qkvb"
    own = small(name)
    theirs = dinov3(own, torch.zeros(48))
    expected = eva.checkpoint_filter_fn(dict(theirs), timm.create_model(name, num_classes=0, **SMALL))
    masked = dinov3(own, torch.ones(48))
    mask = torch.cat([torch.ones(48), torch.zeros(48), torch.ones(48)])
    masked |= {f"blocks.{block}.attn.qkv.bias_mask": mask for block in range(2)}
    for content in (theirs, masked):
        found = understand(content, f"timm.{name}", options=SMALL)
        assert found.state.keys() == expected.keys()
        assert all(torch.equal(tensor, expected[key]) for key, tensor in found.state.items())
        assert "the bias of keys, which is 0, left out (4 times)" in found.report.conversions


def test_gated_units_of_dinov3_are_those_of_timm() -> None:
    name = "vit_huge_plus_patch16_dinov3"
    own = small(name)
    theirs = dinov3(own, torch.zeros(48))
    assert "blocks.0.mlp.w1.weight" in theirs
    found = understand(theirs, f"timm.{name}", options=SMALL)
    assert all(torch.equal(found.state[key], own[key]) for key in own)


def test_a_bias_of_keys_is_not_left_out_of_rotary_attention() -> None:
    """Joined, apart, and joined under a mask that does not cover it: the oracle is attention with and without."""
    name = "vit_small_patch16_dinov3_qkvb"
    own = small(name)
    keys = torch.linspace(-20, 20, 48)
    network: Any = timm.create_model(name, num_classes=0, **SMALL).eval()
    network.load_state_dict(own)
    with torch.inference_mode():
        without = network.forward_features(image())
        for block in network.blocks:
            block.attn.k_bias.copy_(keys)
        assert furthest(network.forward_features(image()), without) > 0.01
    joined = dinov3(own, keys)
    masked = joined | {f"blocks.{block}.attn.qkv.bias_mask": torch.ones(144) for block in range(2)}
    split = {re.sub(r"\.([qv])_bias$", r".\1_proj.bias", key): value for key, value in own.items()}
    split |= {f"blocks.{block}.attn.k_proj.bias": keys for block in range(2)}
    for content in (joined, masked, split):
        with pytest.raises(BackboneError, match=r"bias of the keys that is not 0.*rotary.*--arch"):
            understand(content, f"timm.{name}", options=SMALL)
    split |= {f"blocks.{block}.attn.k_proj.bias": torch.zeros(48) for block in range(2)}
    found = understand(split, f"timm.{name}", options=SMALL).state
    assert all(torch.equal(found[key], own[key]) for key in own)


def test_tables_that_follow_from_sizes_are_left_out() -> None:
    """As SwinV2's repository writes them."""
    name = "blocks.0.attn.relative_coords_table"
    own = dict(small("vit_tiny_patch16_224")) | {name: torch.zeros(1, 13, 13, 2)}
    assert understand(own, "timm.vit_tiny_patch16_224", options=SMALL).report.unexpected == (name,)


def test_what_reads_no_bias_drops_no_mask_of_one() -> None:
    own = dict(small("vit_tiny_patch16_224"))
    own["blocks.0.attn.qkv.bias_mask"] = torch.zeros(144)
    with pytest.raises(BackboneError, match=r"unexpected: blocks\.0\.attn\.qkv\.bias_mask"):
        understand(own, "timm.vit_tiny_patch16_224", options=SMALL)


@pytest.mark.parametrize(
    "name", ["register_tokens", "reg_tokens", "registers", "ln_pre.weight", "pre_norm.bias"]
)
def test_what_all_tokens_depend_on_is_not_left_out(name: str) -> None:
    """A file without layer scale, so that no dialect says what the tensor is."""
    own = dict(small("vit_tiny_patch16_224")) | {name: torch.ones(1, 4, 48)}
    with pytest.raises(BackboneError, match=f"within the trunk are unexpected: {re.escape(name)}"):
        understand(own, "timm.vit_tiny_patch16_224", options=SMALL)


def hub(state: State, chunk: int = 1) -> State:
    """Return DINOv2's repository's names of a network of timm."""
    moved = {
        re.sub(r"^blocks\.(\d+)\.", lambda m: f"blocks.{int(m[1]) // chunk}.{m[1]}.", k): v
        for k, v in state.items()
    }
    return moved | {"mask_token": torch.zeros(1, 48)}


def mmpretrain(state: State) -> State:
    renamed = [
        (r"^patch_embed\.proj\.", "patch_embed.projection."),
        (r"^norm\.", "ln1."),
        (r"\.mlp\.fc1\.", ".ffn.layers.0.0."),
        (r"\.mlp\.fc2\.", ".ffn.layers.1."),
        (r"\.norm([12])\.", r".ln\1."),
        (r"^blocks\.", "layers."),
    ]
    return {f"backbone.{_all(renamed, name)}": value for name, value in state.items()}


def clip(state: State) -> State:
    renamed = [
        (r"^patch_embed\.proj\.", "conv1."),
        (r"^norm_pre\.", "ln_pre."),
        (r"^norm\.", "ln_post."),
        (r"\.norm([12])\.", r".ln_\1."),
        (r"\.attn\.qkv\.", ".attn.in_proj_"),
        (r"\.attn\.proj\.", ".attn.out_proj."),
        (r"\.mlp\.fc1\.", ".mlp.c_fc."),
        (r"\.mlp\.fc2\.", ".mlp.c_proj."),
        (r"^blocks\.", "transformer.resblocks."),
    ]
    found = {f"visual.{_all(renamed, name)}": value for name, value in state.items()}
    found["visual.class_embedding"] = found.pop("visual.cls_token").flatten()
    found["visual.positional_embedding"] = found.pop("visual.pos_embed")[0]
    return found | {"visual.proj": torch.zeros(48, 8), "logit_scale": torch.zeros(())}


def _all(renamed: list[tuple[str, str]], name: str) -> str:
    for pattern, replacement in renamed:
        name = re.sub(pattern, replacement, name)
    return name


TIMM = {
    "DINOv2's repository": ("vit_small_patch14_dinov2", {"img_size": 224}, hub),
    "MMPretrain": ("vit_tiny_patch16_224", {}, mmpretrain),
    "CLIP": ("vit_base_patch16_clip_224", {}, clip),
    "MAE, fine-tuned": (
        "vit_tiny_patch16_224",
        {},
        lambda state: (
            {
                name.replace("norm.", "fc_norm.") if name.startswith("norm.") else name: v
                for name, v in state.items()
            }
            | {"decoder_pos_embed": torch.zeros(1, 197, 8), "decoder_blocks.0.norm1.weight": torch.zeros(8)}
        ),
    ),
}


@pytest.mark.parametrize("case", TIMM)
def test_names_of_other_repositories_give_the_same_tensors(case: str) -> None:
    name, options, renamed = TIMM[case]
    own = small(name, **options)
    found = understand({"model": renamed(dict(own))}, f"timm.{name}", options=SMALL)
    assert found.state.keys() == own.keys()
    assert all(torch.equal(found.state[key], own[key]) for key in own)
    expected: Any = timm.create_model(name, num_classes=0, **{**SMALL, **options}).eval()
    expected.load_state_dict(own)
    with torch.inference_mode():
        features = expected.forward_features(image())[:, 1:]
    assert furthest(tokens(found), features) < 1e-5


def test_the_table_of_dinov2_goes_by_its_own_rule() -> None:
    """The oracle is what its repository computes: a scale of (16 + 0.1) / 37, bicubic, not antialiased."""
    own = small("vit_small_patch14_dinov2")
    found = understand(hub(own, chunk=2), "timm.vit_small_patch14_dinov2", options=SMALL)
    grid = own["pos_embed"][:, 1:].reshape(1, 37, 37, 48).permute(0, 3, 1, 2)
    scale = (16 + 0.1) / 37
    expected = nn.functional.interpolate(grid, scale_factor=(scale, scale), mode="bicubic")
    assert torch.allclose(found.state["pos_embed"][:, 1:], expected.flatten(2).transpose(1, 2), atol=1e-5)
    assert found.report.options is not None
    assert (found.report.options["positions"], found.report.options["native_grid"]) == ("bicubic-offset", 37)
    assert any("37 x 37 resampled to 16 x 16 by DINOv2's rule" in line for line in found.report.conversions)


def test_a_table_without_a_row_for_the_class_token_gets_one_of_zeros() -> None:
    own = dict(small("vit_tiny_patch16_224"))
    own["pos_embed"] = own["pos_embed"][:, 1:]
    found = understand(own, "timm.vit_tiny_patch16_224", options=SMALL)
    assert torch.equal(found.state["pos_embed"][:, 1:], own["pos_embed"])
    assert not found.state["pos_embed"][:, 0].any()


def test_registers_of_the_hub_become_those_of_timm() -> None:
    """The oracle is timm's own conversion."""
    own = small("vit_small_patch14_reg4_dinov2", img_size=224)
    theirs = {
        **{name: value for name, value in own.items() if name not in ("reg_token", "pos_embed")},
        "register_tokens": own["reg_token"],
        "pos_embed": torch.randn(1, 257, 48, generator=torch.Generator().manual_seed(2)),
        "mask_token": torch.zeros(1, 48),
    }
    network: Any = timm.create_model("vit_small_patch14_reg4_dinov2", num_classes=0, img_size=224, **SMALL)
    expected = vision_transformer.checkpoint_filter_fn(dict(theirs), network)
    found = understand(theirs, "timm.vit_small_patch14_reg4_dinov2", options=SMALL)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in found.state.items())


@pytest.mark.parametrize("name", ["eva02_tiny_patch14_224", "eva02_base_patch14_224"])
def test_eva_02_of_its_repository_becomes_timms(name: str) -> None:
    """Gates packed or apart, biases of query and value alone; the oracle is timm's own conversion."""
    options = {"patch_size": 16, "ref_feat_shape": (14, 14), "img_size": 224}
    own = small(name, **options)
    renamed = [
        (r"\.mlp\.norm\.", ".mlp.ffn_ln."),
        (r"\.attn\.norm\.", ".attn.inner_attn_ln."),
        (r"\.mlp\.fc1_g\.", ".mlp.w1."),
        (r"\.mlp\.fc1_x\.", ".mlp.w2."),
        (r"\.mlp\.fc1\.", ".mlp.w12."),
        (r"\.mlp\.fc2\.", ".mlp.w3."),
        (r"\.([qv])_proj\.bias$", r".\1_bias"),
        (r"^fc_norm\.", "norm."),
    ]
    theirs = {_all(renamed, key): value for key, value in own.items()}
    theirs |= {
        "mask_token": torch.zeros(1, 1, 48),
        "lm_head.weight": torch.zeros(9, 48),
        "lm_head.bias": torch.zeros(9),
    }
    theirs["blocks.0.attn.rope.freqs_cos"] = torch.zeros(196, 16)
    network: Any = timm.create_model(name, num_classes=0, **{**SMALL, **options})
    expected = eva.checkpoint_filter_fn(dict(theirs), network)
    asked = {**SMALL, "patch_size": 16, "ref_feat_shape": [14, 14]}
    found = understand({"module": theirs}, f"timm.{name}", options=asked)
    assert all(torch.equal(tensor, expected[key]) for key, tensor in found.state.items())
    assert found.report.unexpected == ("module.blocks.0.attn.rope.freqs_cos",)
    network.load_state_dict(expected)
    scaled = understand({"module": theirs}, f"timm.{name}", options={**SMALL, "patch_size": 16})
    with torch.inference_mode():
        wanted: Any = network.eval().forward_features(image())[:, 1:]
        wanted = network.get_submodule("fc_norm")(wanted)
    assert furthest(tokens(found), wanted) < 1e-5
    assert furthest(tokens(scaled), wanted) > 1e-4


def test_swin_of_before_0_9_is_shifted_and_its_windows_resampled() -> None:
    """The oracle is timm's own conversion."""
    name = "swin_tiny_patch4_window7_224"
    own = timm.create_model(name, window_size=12, img_size=384, num_classes=3).state_dict()
    theirs = {
        re.sub(r"^layers\.(\d)\.downsample", lambda m: f"layers.{int(m[1]) - 1}.downsample", k): v
        for k, v in own.items()
    }
    theirs["layers.0.blocks.1.attn_mask"] = torch.zeros(4, 144, 144)
    theirs["layers.0.blocks.1.attn.relative_position_index"] = torch.zeros(144, 144, dtype=torch.int64)
    expected = swin_transformer.checkpoint_filter_fn(dict(theirs), timm.create_model(name))
    found = understand({"model": theirs}, f"timm.{name}")
    assert all(torch.allclose(tensor, expected[key], atol=1e-6) for key, tensor in found.state.items())
    assert any("windows of 12 x 12 resampled to 7 x 7" in line for line in found.report.conversions)


def test_moco_v3_is_asked_how_many_heads_it_has() -> None:
    theirs: Any = trained(timm.create_model("vit_small_patch16_224", num_classes=0, num_heads=12, depth=2))
    content = {"state_dict": {f"module.base_encoder.{k}": v for k, v in theirs.state_dict().items()}}
    asked = {"depth": 2}
    with pytest.raises(
        BackboneError, match=r"MoCo v3, whose ViT-S has 12 heads.*has 6.*--option num_heads=12"
    ):
        understand(content, "timm.vit_small_patch16_224", options=asked)
    found = understand(content, "timm.vit_small_patch16_224", options={**asked, "num_heads": 12})
    with torch.inference_mode():
        expected = theirs.forward_features(image())[:, 1:]
    assert furthest(tokens(found), expected) < 1e-5
    other = understand(content, "timm.vit_small_patch16_224", options={**asked, "num_heads": 6})
    assert furthest(tokens(other), expected) > 0.01


def test_other_names_of_moco_v3s_shapes_are_asked_too() -> None:
    """DeiT-S has the same tensors; a table of sines and cosines tells MoCo v3's without its names."""
    theirs: Any = timm.create_model("deit_small_patch16_224", num_classes=0, num_heads=12, depth=1)
    state = theirs.state_dict()
    content = {f"module.base_encoder.{name}": value for name, value in state.items()}
    with pytest.raises(BackboneError, match=r"whose ViT-S has 12 heads; timm\.deit_small_patch16_224 has 6"):
        understand(content, "timm.deit_small_patch16_224", options={"depth": 1})
    state["pos_embed"][:, :2] = 0
    with pytest.raises(BackboneError, match="the fixed one of sines and cosines"):
        understand(state, "timm.deit_small_patch16_224", options={"depth": 1})


def test_a_network_without_a_class_token_is_not_one_with_it() -> None:
    """Dropping the class token would change what all other tokens attend to."""
    with pytest.raises(BackboneError, match="within the trunk are unexpected: cls_token"):
        understand(dict(small("vit_tiny_patch16_224")), "timm.vit_base_patch16_siglip_224", options=SMALL)


part = st.text(st.sampled_from("abcxyz_-0 é"), min_size=1, max_size=8)


@settings(max_examples=6, deadline=None)
@given(prefix=st.lists(part, max_size=3), layout=st.sampled_from([hub, mmpretrain, clip]))
def test_any_prefix_is_found_in_any_layout(prefix: list[str], layout: Any) -> None:
    name = {
        hub: "vit_small_patch14_dinov2",
        mmpretrain: "vit_tiny_patch16_224",
        clip: "vit_base_patch16_clip_224",
    }[layout]
    own = small(name, **({"img_size": 224} if layout is hub else {}))
    below = "".join(f"{one}." for one in prefix)
    found = understand(
        {f"{below}{key}": value for key, value in layout(dict(own)).items()}, f"timm.{name}", options=SMALL
    )
    assert all(torch.equal(found.state[key], own[key]) for key in own)
