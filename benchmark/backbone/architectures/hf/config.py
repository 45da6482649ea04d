"""A stranger's `config.json` becomes the fields that features depend on, each within limits, defaults made explicit.

Nothing is built here: a configuration that asks for too much is refused before anything is allocated.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, NoReturn

from pydantic import JsonValue

from lovt_bench.benchmark.backbone.architectures.hf.families import FAMILIES, Family
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.contract.untrusted import clean_text

ACTIVATIONS = (
    "gelu",
    "gelu_fast",
    "gelu_new",
    "gelu_python",
    "gelu_pytorch_tanh",
    "leaky_relu",
    "quick_gelu",
    "relu",
    "silu",
    "swish",
    "tanh",
)

STAGES = 4
"""Stages of a network with maps of several strides: 4, 8, 16 and 32."""

_ELSE = (
    "If the weights are a network of timm or torchvision, name it with --arch; else export it as an ONNX graph "
    "(docs/backbones.md)"
)

REFUSED = {
    "auto_map": f"names Python code that builds the network; none is ever run. {_ELSE}",
    "quantization_config": "says that the weights are quantised; save them as plain float tensors (`dequantize`)",
    "per_layer_config": f"gives single layers other sizes, which no backbone here has. {_ELSE}",
    "pruned_heads": f"says that attention heads were cut out, which no backbone here has. {_ELSE}",
}
"""Fields that change what the tensors of a file mean."""


def known_type(model_type: object) -> str:
    """Return the model type if networks of it can be backbones.

    Raises:
        BackboneError: It is none of them; names the nearest.
    """
    if isinstance(model_type, str) and model_type in FAMILIES:
        return model_type
    found = clean_text(model_type, 60) if isinstance(model_type, str) else "none"
    near = found.lower().replace("-", "_")
    # A library writes it as a rule, so BERT is no mistyped BEiT.
    hint = f" (did you mean {near}?)" if near in FAMILIES else ""
    raise BackboneError(
        f"the model type {found!r} is not supported{hint}; transformers' model types that can be backbones: "
        f"{', '.join(sorted(FAMILIES))}, and the image towers of clip and siglip. {_ELSE}"
    )


def check_refused(config: Mapping[str, Any]) -> None:
    """Raise BackboneError where a `config.json` holds a field of `REFUSED`."""
    for name, why in REFUSED.items():
        if config.get(name):
            raise BackboneError(f"config.json has {name}, which {why}")


def cleaned(model_type: str, config: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Return the fields of a configuration that count, all of them, defaults of the family where it has none.

    Args:
        model_type: A key of `FAMILIES`.
        config: Any fields; others are left out.

    Raises:
        BackboneError: A field has another type, or is beyond its limits; or fields do not go together.
    """
    family = FAMILIES[model_type]
    defaults = _defaults(model_type)
    found = {
        name: _checked(model_type, name, config[name] if name in config else defaults[name])
        for name in family.fields
    }
    _check_together(model_type, found)
    return found


@cache
def library_class(model_type: str, kind: Literal["configuration", "modeling"]) -> Any:
    """Return transformers' class for the configurations, or for the networks, of a model type."""
    family = FAMILIES[model_type]
    suffix = "data2vec_vision" if family.module == "data2vec" else family.module
    module = importlib.import_module(f"transformers.models.{family.module}.{kind}_{suffix}")
    return getattr(module, family.config if kind == "configuration" else family.network)


@cache
def _defaults(model_type: str) -> Mapping[str, Any]:
    default = library_class(model_type, "configuration")()
    return {name: getattr(default, name) for name in FAMILIES[model_type].fields}


Check = Callable[[Any], Any]
"""Returns a value in its canonical form; raises ValueError with what was expected."""


def _whole(low: int, high: int) -> Check:
    def check(value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return check


def _number(low: float, high: float) -> Check:
    def check(value: Any) -> float:
        if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
            raise ValueError(f"a number from {low:g} to {high:g}")
        return float(value)

    return check


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("true or false")
    return value


def _word(*words: str) -> Check:
    def check(value: Any) -> str:
        if type(value) is not str or value not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return value

    return check


def _several(count: int, check: Check) -> Check:
    def each(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple) or len(value) != count:
            raise ValueError(f"a list of {count}")
        return [check(item) for item in value]

    return each


def _square(low: int, high: int) -> Check:
    whole = _whole(low, high)

    def check(value: Any) -> int:
        if isinstance(value, list | tuple):
            if len(value) != 2 or value[0] != value[1]:
                raise ValueError("one side: images and patches are square")
            value = value[0]
        return whole(value)

    return check


_CHECKS: dict[str, Check] = {
    "depths": _several(STAGES, _whole(1, 64)),
    "downsample_in_bottleneck": _flag,
    "downsample_in_first_stage": _flag,
    "embed_dim": _whole(4, 2048),
    "embed_dim_multiplier": _number(1, 4),
    "embedding_size": _whole(1, 2048),
    "groups_width": _whole(1, 2048),
    "hidden_act": _word(*ACTIVATIONS),
    "hidden_size": _whole(4, 8192),
    "hidden_sizes": _several(STAGES, _whole(1, 8192)),
    "image_size": _square(32, 2048),
    "initializer_factor": _number(0, 100),
    "initializer_range": _number(0, 100),
    "intermediate_size": _whole(1, 65536),
    "key_bias": _flag,
    "layer_norm_eps": _number(0, 1),
    "layer_norm_init": _number(0, 100),
    "layer_scale_init_value": _number(0, 100),
    "layer_type": _word("basic", "bottleneck"),
    "layerscale_value": _number(0, 100),
    "linear_attention": _flag,
    "mlp_bias": _flag,
    "mlp_ratio": _number(0.25, 16),
    "mlp_ratios": _several(STAGES, _whole(1, 16)),
    "num_attention_heads": _whole(1, 256),
    "num_heads": _several(STAGES, _whole(1, 256)),
    "num_hidden_layers": _whole(1, 128),
    "num_register_tokens": _whole(0, 64),
    "patch_size": _square(4, 64),
    "patch_sizes": _several(STAGES, _whole(1, 16)),
    "pretrained_window_sizes": _several(STAGES, _whole(0, 64)),
    "proj_bias": _flag,
    "qkv_bias": _flag,
    "query_bias": _flag,
    "rope_theta": _number(1, 1e6),
    "sr_ratios": _several(STAGES, _whole(1, 16)),
    "strides": _several(STAGES, _whole(1, 8)),
    "use_absolute_embeddings": _flag,
    "use_absolute_position_embeddings": _flag,
    "use_gated_mlp": _flag,
    "use_mean_pooling": _flag,
    "use_relative_position_bias": _flag,
    "use_shared_relative_position_bias": _flag,
    "use_swiglu_ffn": _flag,
    "value_bias": _flag,
    "window_size": _whole(2, 32),
}

_OF_TYPE: dict[str, dict[str, Check]] = {
    "dinov2": {"mlp_ratio": _whole(1, 16)},
    "dinov2_with_registers": {"mlp_ratio": _whole(1, 16)},
    "hiera": {
        "image_size": _several(2, _whole(32, 2048)),
        "patch_size": _several(2, _whole(1, 64)),
        "patch_stride": _several(2, _whole(1, 64)),
        "patch_padding": _several(2, _whole(0, 32)),
        "query_stride": _several(2, _whole(1, 8)),
        "masked_unit_size": _several(2, _whole(1, 64)),
        "masked_unit_attention": _several(STAGES, _flag),
        "num_query_pool": _whole(0, STAGES - 1),
    },
    "pvt_v2": {"num_attention_heads": _several(STAGES, _whole(1, 256))},
    "regnet": {"layer_type": _word("x", "y")},
}
"""What a field of the same name means in another model type."""


def _checked(model_type: str, name: str, value: Any) -> Any:
    check = _OF_TYPE.get(model_type, {}).get(name) or _CHECKS[name]
    try:
        return check(value)
    except ValueError as error:
        _refuse(f"{name} must be {error}, found {clean_text(repr(value)[:200], 60)}")


def _check_together(model_type: str, found: Mapping[str, Any]) -> None:
    sizes = _pairs(FAMILIES[model_type], found)
    for width, heads in sizes:
        if width % heads:
            _refuse(f"{width} channels cannot be divided among {heads} attention heads")
    if model_type == "dinov3_vit" and found["hidden_size"] // found["num_attention_heads"] % 4:
        _refuse("rotary positions need a multiple of 4 channels a head")
    if FAMILIES[model_type].plain and found["image_size"] < found["patch_size"]:
        _refuse(f"an image of {found['image_size']} pixels holds no patch of {found['patch_size']}")


def _pairs(family: Family, found: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Return channels and attention heads, each where there is attention."""
    if "num_heads" in found:
        growth = found.get("embed_dim_multiplier", 2)
        return [
            (int(found["embed_dim"] * growth**stage), heads) for stage, heads in enumerate(found["num_heads"])
        ]
    if "num_attention_heads" not in found:
        return []
    if family.plain:
        return [(found["hidden_size"], found["num_attention_heads"])]
    return list(zip(found["hidden_sizes"], found["num_attention_heads"], strict=True))


def _refuse(why: str) -> NoReturn:
    raise BackboneError(f"the configuration cannot be used: {why}")
