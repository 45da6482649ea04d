"""A stranger's `config.json`: what counts is kept whole, what is not a backbone is refused before it is built."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import Any

import pytest

from lovt_bench.benchmark.backbone.architectures.hf import from_config
from lovt_bench.benchmark.backbone.architectures.hf.families import FAMILIES, OFF
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.registry import blueprint, build
from lovt_bench.benchmark.backbone.weights import weights_digest
from tests.benchmark.backbone.hf.tiny import classes

RAD_DINO = {
    "architectures": ["Dinov2Model"],
    "apply_layernorm": True,
    "attention_probs_dropout_prob": 0.0,
    "drop_path_rate": 0.0,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.0,
    "hidden_size": 768,
    "image_size": 518,
    "initializer_range": 0.02,
    "layer_norm_eps": 1e-06,
    "layerscale_value": 1.0,
    "mlp_ratio": 4,
    "model_type": "dinov2",
    "num_attention_heads": 12,
    "num_channels": 3,
    "num_hidden_layers": 12,
    "out_features": ["stage12"],
    "patch_size": 14,
    "qkv_bias": True,
    "reshape_hidden_states": True,
    "stage_names": ["stem", "stage1"],
    "torch_dtype": "float32",
    "transformers_version": "4.35.2",
    "use_swiglu_ffn": False,
    "_attn_implementation": "flash_attention_2",
    "trust_remote_code": True,
}


def test_bookkeeping_is_left_out_and_the_native_side_is_kept() -> None:
    architecture, options = from_config(RAD_DINO)
    assert architecture == "hf.dinov2"
    assert options == {
        "config": {**{name: RAD_DINO[name] for name in FAMILIES["dinov2"].fields}, "image_size": 224},
        "native_side": 518,
        "levels": "last",
    }


def test_what_is_said_and_what_is_the_default_are_one_configuration() -> None:
    """Defaults stand in the options, so that a later release of transformers cannot change a network."""
    said = from_config(
        {"model_type": "vit", "layer_norm_eps": 1e-12, "hidden_size": 768, "image_size": [224, 224]}
    )
    silent = from_config({"model_type": "vit"})
    assert said == silent
    assert json.dumps(said[1], sort_keys=True) == json.dumps(silent[1], sort_keys=True)


@pytest.mark.parametrize("folder", ["siglip", "clip"])
def test_of_two_towers_the_image_tower_is_taken(folder: str) -> None:
    tower = {"image_size": 448, "patch_size": 14, "hidden_size": 1152, "num_hidden_layers": 27}
    config: dict[str, Any] = {
        "model_type": folder,
        "text_config": {"hidden_size": 1},
        "vision_config": {**tower, "num_attention_heads": 16},
    }
    architecture, options = from_config(config)
    assert architecture == f"hf.{folder}_vision_model"
    assert options is not None
    assert options["native_side"] == 448
    vision: dict[str, Any] = {**config["vision_config"], "model_type": f"{folder}_vision_model"}
    of_tower = from_config(vision)[1]
    assert of_tower is not None
    assert options["config"] == of_tower["config"]


@pytest.mark.parametrize("field", ["layer_norm_eps", "hidden_act", "num_attention_heads"])
def test_what_shapes_do_not_tell_is_part_of_the_digest(field: str) -> None:
    small: dict[str, Any] = {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    other: Any = {"layer_norm_eps": 1e-6, "hidden_act": "quick_gelu", "num_attention_heads": 3}[field]
    one, two = build("hf.vit", {"config": small}), build("hf.vit", {"config": {**small, field: other}})
    two.load_state_dict(one.state_dict())
    assert weights_digest(one) != weights_digest(two)


HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "no model type": ({}, "model type 'none' is not supported"),
    "a text model": ({"model_type": "bert"}, "'bert' is not supported; transformers' model types"),
    "a typing mistake": ({"model_type": "dinov2-with-registers"}, "did you mean dinov2_with_registers"),
    "a type that is a list": ({"model_type": ["vit"]}, "model type 'none'"),
    "control characters": ({"model_type": "\x1b[2Jvit\n"}, "'vit' is not supported"),
    "remote code": (
        {"model_type": "vit", "auto_map": {"AutoModel": "evil.Model"}},
        "auto_map.*none is ever run.*name it with --arch; else export it as an ONNX graph",
    ),
    "remote code in a tower": (
        {"model_type": "siglip", "vision_config": {"auto_map": {"AutoModel": "evil.Model"}}},
        "auto_map",
    ),
    "quantised": ({"model_type": "vit", "quantization_config": {"bits": 4}}, "quantised"),
    "layers of other sizes": (
        {"model_type": "vit", "per_layer_config": {"0": {"hidden_size": 2}}},
        "single layers",
    ),
    "pruned": ({"model_type": "vit", "pruned_heads": {"0": [1]}}, "cut out"),
    "no tower": ({"model_type": "clip"}, "has no vision_config"),
    "too wide": (
        {"model_type": "vit", "hidden_size": 10**9},
        "hidden_size must be a whole number from 4 to 8192",
    ),
    "too deep": ({"model_type": "vit", "num_hidden_layers": 10**6}, "num_hidden_layers must be"),
    "negative": ({"model_type": "vit", "num_hidden_layers": -1}, "num_hidden_layers must be"),
    "a flag for a number": ({"model_type": "vit", "num_hidden_layers": True}, "found True"),
    "a text for a number": ({"model_type": "vit", "hidden_size": "768"}, "found '768'"),
    "nothing for a number": ({"model_type": "clip_vision_model", "image_size": None}, "image_size must be"),
    "a number for a flag": ({"model_type": "vit", "qkv_bias": 1}, "qkv_bias must be true or false"),
    "not finite": ({"model_type": "vit", "layer_norm_eps": float("nan")}, "layer_norm_eps must be"),
    "an activation from elsewhere": (
        {"model_type": "vit", "hidden_act": "os.system"},
        "hidden_act must be one of",
    ),
    "heads that do not divide": ({"model_type": "vit", "num_attention_heads": 7}, "cannot be divided"),
    "an odd rotation": (
        {"model_type": "dinov3_vit", "hidden_size": 36, "num_attention_heads": 6},
        "a multiple of 4 channels",
    ),
    "an endless image": ({"model_type": "beit", "image_size": 10**7}, "image_size must be"),
    "an oblong image": ({"model_type": "vit", "image_size": [224, 448]}, "square"),
    "a patch larger than the image": (
        {"model_type": "vit", "image_size": 32, "patch_size": 64},
        "holds no patch",
    ),
    "a patch of a pixel": ({"model_type": "vit", "patch_size": 1}, "patch_size must be"),
    "too many stages": ({"model_type": "convnext", "depths": [1] * 10**5}, "depths must be a list of 4"),
    "a deep stage": ({"model_type": "swin", "depths": [2, 2, 10**8, 2]}, "depths must be"),
    "an endless window": ({"model_type": "swinv2", "window_size": 10**5}, "window_size must be"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_configuration_is_refused_in_a_sentence(name: str) -> None:
    config, words = HOSTILE[name]
    with pytest.raises(BackboneError, match=words) as refused:
        from_config(config)
    assert len(str(refused.value)) < 600
    assert str(refused.value).isprintable()


def test_a_network_of_too_many_values_is_counted_not_allocated() -> None:
    """Each field is within its limits."""
    config: dict[str, Any] = {
        "hidden_size": 8192,
        "num_attention_heads": 64,
        "num_hidden_layers": 2,
        "intermediate_size": 65536,
    }
    with pytest.raises(BackboneError, match="more than the 2,000,000,000"):
        build("hf.vit", {"config": config})
    with pytest.raises(BackboneError, match="more than the 2,000,000,000"):
        blueprint("hf.vit", {"config": config})


def test_what_the_library_refuses_is_refused_in_a_sentence() -> None:
    """Each field is within its limits; together they are not what the library takes."""
    with pytest.raises(BackboneError, match=r"transformers cannot build hf\.hiera"):
        blueprint("hf.hiera", {"config": {"query_stride": [3, 3]}})


def test_options_are_exactly_those_that_count() -> None:
    with pytest.raises(BackboneError, match="no option trust_remote_code"):
        blueprint("hf.vit", {"trust_remote_code": True})
    with pytest.raises(BackboneError, match="no field auto_map"):
        blueprint("hf.vit", {"config": {"auto_map": {}}})
    with pytest.raises(BackboneError, match="must be the fields"):
        blueprint("hf.vit", {"config": "vit"})
    with pytest.raises(BackboneError, match="native_side"):
        blueprint("hf.vit", {"native_side": "big"})
    with pytest.raises(BackboneError, match="last, quarters"):
        blueprint("hf.vit", {"levels": "first"})


HEADS = {
    "_out_features", "_out_indices", "add_fpn", "apply_layernorm", "auxiliary_channels", "auxiliary_concat_input",
    "auxiliary_loss_weight", "auxiliary_num_convs", "decoder_depth", "decoder_hidden_size", "decoder_intermediate_size",
    "decoder_num_attention_heads", "decoder_num_heads", "decoder_num_hidden_layers", "encoder_stride", "mask_ratio",
    "norm_pix_loss", "normalize_pixel_loss", "num_channels", "num_encoder_blocks", "num_stages", "out_indices",
    "pool_scales", "pooler_act", "pooler_output_size", "projection_dim", "reshape_hidden_states",
    "semantic_loss_ignore_index", "use_auxiliary_head", "vocab_size",
}  # fmt: skip
"""Fields of heads, decoders and losses; and counts that are always the same here."""
NO_EFFECT = {"convnext", "convnextv2", "dinov3_convnext", "pvt_v2"}
"""Model types whose `image_size` nothing reads."""


@pytest.mark.parametrize("model_type", FAMILIES)
def test_every_field_of_the_library_is_known(model_type: str) -> None:
    """A field that a later release adds, and that might change features, fails here."""
    from transformers.configuration_utils import PreTrainedConfig

    family = FAMILIES[model_type]
    bookkeeping = {each.name for each in dataclasses.fields(PreTrainedConfig)}
    theirs = {each.name for each in dataclasses.fields(classes(model_type)[0])} - bookkeeping
    if model_type in NO_EFFECT:
        theirs.discard("image_size")
    assert set(family.fields) <= theirs
    assert theirs - set(family.fields) - HEADS - OFF.keys() - family.off.keys() == set()


def test_the_registry_does_not_import_transformers() -> None:
    """Commands that build no such network start as quickly as before."""
    code = (
        "import sys; from lovt_bench.benchmark.backbone import registry; registry.architectures(); "
        "registry.is_known('hf.vit'); sys.exit('transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
