"""Networks of transformers, small and random, as `save_pretrained` leaves them, and their own forward."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from lovt_bench.benchmark.backbone.architectures.hf import from_config
from lovt_bench.benchmark.backbone.architectures.hf.families import FAMILIES
from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.backbone.understand.trunk import understand

VIT: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "image_size": 256,
    "patch_size": 16,
}
DINOV2 = {
    **{name: value for name, value in VIT.items() if name != "intermediate_size"},
    "mlp_ratio": 2,
    "patch_size": 14,
    "image_size": 280,
}
CONVNEXT: dict[str, Any] = {"hidden_sizes": [8, 12, 16, 20], "depths": [1, 1, 2, 1]}
SWIN: dict[str, Any] = {"embed_dim": 8, "depths": [2, 2, 2, 2], "num_heads": [1, 2, 2, 4]}


TOLERANCE = 1e-5
"""Of the largest value, in float32."""


def image_of(side: int) -> Tensor:
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(side))


@dataclass(frozen=True)
class Case:
    """One network."""

    model_type: str
    config: Mapping[str, Any] = field(default_factory=dict)


PLAIN = {
    "beit": Case("beit", {**VIT, "use_absolute_position_embeddings": True, "drop_path_rate": 0.3}),
    "beit-cls": Case(
        "beit", {**VIT, "use_mean_pooling": False, "use_relative_position_bias": True, "use_mask_token": True}
    ),
    "beit-shared": Case("beit", {**VIT, "use_shared_relative_position_bias": True, "image_size": 224}),
    "clip_vision_model": Case("clip_vision_model", {**VIT, "patch_size": 32}),
    "data2vec-vision": Case(
        "data2vec-vision",
        {**VIT, "use_relative_position_bias": True, "use_absolute_position_embeddings": True},
    ),
    "deit": Case("deit", {**VIT, "layer_norm_eps": 0.1}),
    "dinov2": Case("dinov2", {**DINOV2, "layer_norm_eps": 0.1, "hidden_dropout_prob": 0.2}),
    "dinov2-swiglu": Case("dinov2", {**DINOV2, "use_swiglu_ffn": True, "patch_size": 8, "image_size": 224}),
    "dinov2_with_registers": Case("dinov2_with_registers", DINOV2),
    "dinov3_vit": Case("dinov3_vit", {**VIT, "num_register_tokens": 4, "pos_embed_shift": 0.5}),
    "dinov3_vit-gated": Case(
        "dinov3_vit", {**VIT, "use_gated_mlp": True, "key_bias": True, "rope_theta": 50.0}
    ),
    "ijepa": Case("ijepa", {**VIT, "patch_size": 14, "image_size": 448}),
    "siglip_vision_model": Case("siglip_vision_model", {**VIT, "patch_size": 14, "image_size": 448}),
    "vit": Case("vit", {**VIT, "attention_probs_dropout_prob": 0.5, "hidden_act": "quick_gelu"}),
    "vit-no-bias": Case("vit", {**VIT, "qkv_bias": False, "image_size": [224, 224]}),
    "vit_mae": Case("vit_mae", {**VIT, "mask_ratio": 0.75}),
    "vit_msn": Case("vit_msn", VIT),
}
STAGES = {
    "convnext": Case("convnext", {**CONVNEXT, "drop_path_rate": 0.3}),
    "convnextv2": Case("convnextv2", CONVNEXT),
    "dinov3_convnext": Case("dinov3_convnext", CONVNEXT),
    "hiera": Case("hiera", {"embed_dim": 8, "depths": [1, 1, 2, 1], "num_heads": [1, 2, 2, 4]}),
    "pvt_v2": Case("pvt_v2", {"hidden_sizes": [8, 16, 20, 24], "depths": [1, 1, 1, 1]}),
    "pvt_v2-linear": Case(
        "pvt_v2", {"hidden_sizes": [8, 16, 20, 24], "depths": [1, 1, 1, 1], "linear_attention": True}
    ),
    "regnet": Case("regnet", {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1], "groups_width": 8}),
    "resnet": Case(
        "resnet",
        {"embedding_size": 8, "hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1], "layer_type": "basic"},
    ),
    "swin": Case("swin", {**SWIN, "hidden_dropout_prob": 0.2}),
    "swin-384": Case("swin", {**SWIN, "image_size": 448}),
    "swinv2": Case("swinv2", {**SWIN, "image_size": 256, "window_size": 8}),
}


def classes(model_type: str) -> tuple[Any, Any]:
    """Return transformers' classes of the configuration and the network."""
    family = FAMILIES[model_type]
    part = "data2vec_vision" if model_type == "data2vec-vision" else family.module
    base = f"transformers.models.{family.module}"
    return (
        getattr(importlib.import_module(f"{base}.configuration_{part}"), family.config),
        getattr(importlib.import_module(f"{base}.modeling_{part}"), family.network),
    )


def saved(case: Case, folder: Path) -> Any:
    """Write a network as its library does; return what its library reads from there."""
    configuration, network = classes(case.model_type)
    torch.manual_seed(1)
    extra: dict[str, Any] = {"add_pooling_layer": True} if case.model_type == "data2vec-vision" else {}
    made = network(configuration(**case.config), **extra)
    with torch.no_grad():
        for parameter in made.parameters():
            # Scales, biases and tables begin as constants, of which a mistake would show nothing.
            parameter.add_(torch.randn_like(parameter) * 0.2)
        for name, buffer in made.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                buffer.add_(torch.rand_like(buffer))
    made.save_pretrained(folder)
    if case.model_type == "vit_mae":
        extra = {"mask_ratio": 0.0}
    return network.from_pretrained(folder, **extra).eval()


def config_of(folder: Path) -> dict[str, Any]:
    """Return the content of `config.json`."""
    found = json.loads((folder / "config.json").read_text())
    assert isinstance(found, dict)
    return found


def backbone_of(folder: Path, **changes: Any) -> Backbone:
    """Return the backbone that a folder holds, as `submit` understands it.

    Args:
        folder: As `save_pretrained` leaves it.
        changes: Fields of the configuration to change before.
    """
    architecture, options = from_config(config_of(folder))
    if options is not None and changes:
        config = options["config"]
        assert isinstance(config, dict)
        options = {**options, "config": {**config, **changes}}
    return understand(load_file(folder / "model.safetensors"), architecture, options=options).backbone()


def origin_tokens(network: Any, image: Tensor) -> Tensor:
    """Return all tokens of the library's own forward, after its last norm."""
    kind = network.config.model_type
    extra: dict[str, Any] = {}
    if kind not in ("beit", "data2vec-vision", "dinov2", "dinov2_with_registers", "dinov3_vit"):
        extra["interpolate_pos_encoding"] = True
    if kind == "vit_mae":
        patches = (image.shape[-1] // network.config.patch_size) ** 2
        extra["noise"] = torch.arange(patches).repeat(len(image), 1) / patches
    tokens = network(image, **extra).last_hidden_state
    if kind == "clip_vision_model":
        tokens = network.post_layernorm(tokens)
    if getattr(network.config, "use_mean_pooling", False):
        tokens = network.pooler.layernorm(tokens)
    assert isinstance(tokens, Tensor)
    return tokens


def origin_maps(network: Any, image: Tensor) -> list[Tensor]:
    """Return what the stages leave by the library's own forward, before maps are made smaller."""
    kind = network.config.model_type
    if kind in ("swin", "swinv2"):
        tokens, sides = network.embeddings(image)
        out = network.encoder(
            tokens, sides, output_hidden_states=True, output_hidden_states_before_downsampling=True
        )
        return list(out.reshaped_hidden_states[-4:])
    out = network(image, output_hidden_states=True)
    if kind == "hiera":
        return [each.permute(0, 3, 1, 2) for each in out.reshaped_hidden_states[-4:]]
    return list(out.hidden_states[-4:])
