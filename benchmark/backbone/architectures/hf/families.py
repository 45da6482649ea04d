"""Which model types of transformers are backbones, where their classes are, and which fields of a configuration count.

A field is listed if the features of an image in evaluation mode, or a draw of random weights, depend on it. Everything
else in a `config.json` is bookkeeping, belongs to a head or a decoder, or drops values in training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCALE = "layerscale_value"


@dataclass(frozen=True)
class Family:
    """One model type."""

    module: str
    """Below `transformers.models`."""
    network: str
    """Name of the model's class, without head."""
    config: str
    """Name of the configuration's class."""
    fields: tuple[str, ...]
    """Fields of the configuration that count, in the order in which they are written."""
    plain: bool = True
    """Whether it gives tokens on one grid; else maps of several strides."""
    off: Mapping[str, Any] = field(default_factory=dict)
    """Fields that are set to a value, whatever a file says: heads, mask tokens."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What the model's class takes beside the configuration."""
    attention: str = "sdpa"
    """How attention is computed, one way on every machine. `eager` where a bias is added to each pair of positions:
    the exporter cannot write the fused product with one."""


_SIZES = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "layer_norm_eps",
    "image_size",
    "patch_size",
)
_VIT = (*_SIZES, "qkv_bias", "initializer_range")
_DINOV2 = (
    *(name for name in _SIZES if name != "intermediate_size"),
    "mlp_ratio",
    "qkv_bias",
    SCALE,
    "use_swiglu_ffn",
    "initializer_range",
)
_BEIT = (
    *_SIZES,
    "use_absolute_position_embeddings",
    "use_relative_position_bias",
    "use_shared_relative_position_bias",
    "layer_scale_init_value",
    "use_mean_pooling",
    "initializer_range",
)
_SWIN = (
    "image_size",
    "patch_size",
    "embed_dim",
    "depths",
    "num_heads",
    "window_size",
    "mlp_ratio",
    "qkv_bias",
    "hidden_act",
    "use_absolute_embeddings",
    "initializer_range",
    "layer_norm_eps",
)
_CONVNEXT = ("hidden_sizes", "depths", "hidden_act", "layer_norm_eps")
_NO_POOLER = {"add_pooling_layer": False}

FAMILIES: dict[str, Family] = {
    "beit": Family(
        "beit", "BeitModel", "BeitConfig", _BEIT, off={"use_mask_token": False}, attention="eager"
    ),
    "clip_vision_model": Family(
        "clip", "CLIPVisionModel", "CLIPVisionConfig", (*_SIZES, "initializer_range", "initializer_factor")
    ),
    "data2vec-vision": Family(
        "data2vec",
        "Data2VecVisionModel",
        "Data2VecVisionConfig",
        _BEIT,
        off={"use_mask_token": False},
        arguments={"add_pooling_layer": True},
        attention="eager",
    ),
    "deit": Family("deit", "DeiTModel", "DeiTConfig", _VIT, arguments=_NO_POOLER),
    "dinov2": Family("dinov2", "Dinov2Model", "Dinov2Config", _DINOV2, off={"use_mask_token": False}),
    "dinov2_with_registers": Family(
        "dinov2_with_registers",
        "Dinov2WithRegistersModel",
        "Dinov2WithRegistersConfig",
        (*_DINOV2, "num_register_tokens"),
    ),
    "dinov3_vit": Family(
        "dinov3_vit",
        "DINOv3ViTModel",
        "DINOv3ViTConfig",
        (
            *_SIZES,
            "rope_theta",
            "query_bias",
            "key_bias",
            "value_bias",
            "proj_bias",
            "mlp_bias",
            SCALE,
            "use_gated_mlp",
            "num_register_tokens",
            "initializer_range",
        ),
        # These move coordinates at random in training.
        off={"pos_embed_shift": None, "pos_embed_jitter": None, "pos_embed_rescale": None},
    ),
    "ijepa": Family("ijepa", "IJepaModel", "IJepaConfig", _VIT, arguments=_NO_POOLER),
    "siglip_vision_model": Family(
        "siglip", "SiglipVisionModel", "SiglipVisionConfig", _SIZES, off={"vision_use_head": False}
    ),
    "vit": Family("vit", "ViTModel", "ViTConfig", _VIT, arguments=_NO_POOLER),
    "vit_mae": Family("vit_mae", "ViTMAEModel", "ViTMAEConfig", _VIT),
    "vit_msn": Family("vit_msn", "ViTMSNModel", "ViTMSNConfig", _VIT),
    "convnext": Family(
        "convnext",
        "ConvNextModel",
        "ConvNextConfig",
        ("patch_size", *_CONVNEXT, "layer_scale_init_value", "initializer_range"),
        plain=False,
    ),
    "convnextv2": Family(
        "convnextv2",
        "ConvNextV2Model",
        "ConvNextV2Config",
        ("patch_size", *_CONVNEXT, "initializer_range"),
        plain=False,
    ),
    "dinov3_convnext": Family(
        "dinov3_convnext",
        "DINOv3ConvNextModel",
        "DINOv3ConvNextConfig",
        (*_CONVNEXT, "layer_scale_init_value", "initializer_range"),
        plain=False,
    ),
    "hiera": Family(
        "hiera",
        "HieraModel",
        "HieraConfig",
        (
            "embed_dim",
            "image_size",
            "patch_size",
            "patch_stride",
            "patch_padding",
            "mlp_ratio",
            "depths",
            "num_heads",
            "embed_dim_multiplier",
            "num_query_pool",
            "query_stride",
            "masked_unit_size",
            "masked_unit_attention",
            "hidden_act",
            "layer_norm_eps",
            "layer_norm_init",
            "initializer_range",
        ),
        plain=False,
        arguments=_NO_POOLER,
    ),
    "pvt_v2": Family(
        "pvt_v2",
        "PvtV2Model",
        "PvtV2Config",
        (
            "depths",
            "sr_ratios",
            "hidden_sizes",
            "patch_sizes",
            "strides",
            "num_attention_heads",
            "mlp_ratios",
            "hidden_act",
            "layer_norm_eps",
            "qkv_bias",
            "linear_attention",
            "initializer_range",
        ),
        plain=False,
    ),
    "regnet": Family(
        "regnet",
        "RegNetModel",
        "RegNetConfig",
        (
            "embedding_size",
            "hidden_sizes",
            "depths",
            "groups_width",
            "layer_type",
            "hidden_act",
            "downsample_in_first_stage",
        ),
        plain=False,
    ),
    "resnet": Family(
        "resnet",
        "ResNetModel",
        "ResNetConfig",
        (
            "embedding_size",
            "hidden_sizes",
            "depths",
            "layer_type",
            "hidden_act",
            "downsample_in_first_stage",
            "downsample_in_bottleneck",
        ),
        plain=False,
    ),
    "swin": Family(
        "swin", "SwinModel", "SwinConfig", _SWIN, plain=False, arguments=_NO_POOLER, attention="eager"
    ),
    "swinv2": Family(
        "swinv2",
        "Swinv2Model",
        "Swinv2Config",
        (*_SWIN, "pretrained_window_sizes"),
        plain=False,
        arguments=_NO_POOLER,
    ),
}
"""By `model_type` of `config.json`."""

TOWERS = {"clip": "clip_vision_model", "siglip": "siglip_vision_model"}
"""Model types of an image and a text tower: the `vision_config` is that of the model type named."""

OFF = {
    "attention_dropout": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "drop_path_rate": 0.0,
    "hidden_dropout_prob": 0.0,
}
"""The protocol trains without dropout and stochastic depth."""
