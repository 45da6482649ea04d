"""Which architecture the configuration beside weights names, and what it says that no shape shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from pydantic import JsonValue

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.folders import CONFIG, OPEN_CLIP_CONFIG, WeightFiles
from lovt_bench.benchmark.contract.untrusted import clean_text

Named = tuple[str | None, dict[str, JsonValue] | None]
"""Architecture, None where names and shapes have to say it; and its options."""

_OF_SIDES = frozenset(
    {
        *("img_size", "dynamic_img_size", "dynamic_img_pad", "strict_img_size", "in_chans"),
        *("num_classes", "global_pool", "fc_norm", "weight_init", "fix_init"),
    }
)
"""Arguments of timm's constructors that no feature here depends on, for what tensors do not show by themselves."""

_DROPPED = ("drop_rate", "drop_path_rate", "drop_block_rate")
"""Ends the names of others: nothing is dropped here."""

_SAME = frozenset(
    {
        *(
            "patch_size",
            "embed_dim",
            "depth",
            "num_heads",
            "mlp_ratio",
            "init_values",
            "class_token",
            "reg_tokens",
        ),
        *("no_embed_class", "pre_norm", "qkv_bias", "qk_norm", "ref_feat_shape"),
    }
)
"""Arguments that are options of the same name (`architectures.timm_tokens.TokenOptions`)."""

_ACTIVATIONS = ("gelu", "gelu_tanh", "quick_gelu", "relu", "silu")


def configured(weights: WeightFiles) -> Named | None:
    """Return the architecture and its options that a folder's configuration says; None where it says nothing.

    Raises:
        BackboneError: A configuration of transformers that cannot be built (`architectures.hf.from_config`), or one of
            timm or open_clip that says of the network what no option does.
    """
    config = weights.config
    if config is None:
        return None
    if weights.kind == "transformers":
        # Imports transformers' families, which files without a configuration do not have to wait for.
        from lovt_bench.benchmark.backbone.architectures.hf import from_config

        return from_config(config)
    if weights.kind == "timm":
        return _of_timm(config.get("architecture"), config.get("model_args"))
    model = _mapping(config.get("model_cfg"))
    vision = _mapping(model.get("vision_cfg"))
    return _of_timm(vision.get("timm_model_name"), None) or _of_open_clip(model, vision)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _of_timm(name: object, arguments: object) -> Named | None:
    """Return the registry's name of a network of timm, a tag of weights left out, with what timm builds it with."""
    if not isinstance(name, str):
        return None
    bare = name.partition(".")[0]
    architecture = bare if bare in registry.architectures() else f"timm.{bare}"
    given = {
        key: value
        for key, value in _mapping(arguments).items()
        if value is not None and key not in _OF_SIDES and not key.endswith(_DROPPED)
    }
    strange = {key: value for key, value in given.items() if _option(key, value) is None}
    if given and (strange or not _takes_options(architecture)):
        _refuse(CONFIG, architecture, strange or given)
    options: dict[str, JsonValue] = {_option(key, value) or key: value for key, value in given.items()}
    return architecture, options or None


def _option(key: str, value: Any) -> str | None:
    """Return the name of the option that says an argument of timm's constructors; None where none does."""
    if key == "act_layer":
        return "activation" if value in _ACTIVATIONS else None
    plain = isinstance(value, bool | int | float) or (
        key == "ref_feat_shape" and isinstance(value, list) and all(type(side) is int for side in value)
    )
    return key if key in _SAME and plain else None


def _takes_options(architecture: str) -> bool:
    if not architecture.startswith("timm."):
        return False
    # Imports timm, which a configuration without arguments does not have to wait for.
    from lovt_bench.benchmark.backbone.architectures.timm_tokens import has_one_stride

    return has_one_stride(architecture.removeprefix("timm."))


def _of_open_clip(model: Mapping[str, Any], vision: Mapping[str, Any]) -> Named | None:
    """Return what OpenCLIP's own vision transformer computes with; names and shapes say its sizes."""
    if type(vision.get("layers")) is not int:
        return None
    quick = model.get("quick_gelu") or False
    acting, norm = vision.get("act_kwargs") or {}, vision.get("norm_kwargs") or {}
    head, width = vision.get("head_width", 64), vision.get("width", 768)
    strange: dict[str, Any] = {}
    options: dict[str, JsonValue] = {"activation": "quick_gelu" if quick else "gelu"}
    if acting == {"approximate": "tanh"} and not quick:
        options["activation"] = "gelu_tanh"
    elif acting or type(quick) is not bool:
        strange |= {"quick_gelu": quick, "act_kwargs": acting}
    if isinstance(norm, Mapping) and norm.keys() == {"eps"} and isinstance(norm["eps"], float):
        options["norm_eps"] = norm["eps"]
    elif norm:
        strange["norm_kwargs"] = norm
    if type(head) is int and type(width) is int and head > 0 and width % head == 0:
        options["num_heads"] = width // head
    else:
        strange |= {"width": width, "head_width": head}
    if strange:
        _refuse(OPEN_CLIP_CONFIG, "a vision transformer", strange)
    return None, options


def _refuse(file: str, network: str, strange: Mapping[str, Any]) -> NoReturn:
    # Only what is short is shown as it is: a value may be nested as deeply as Python reads it.
    said = [
        f"{key}={value!r}" if isinstance(value, bool | int | float | str) else str(key)
        for key, value in list(strange.items())[:8]
    ]
    raise BackboneError(
        f"{file} builds {clean_text(network, 80)} with {clean_text(', '.join(said), 300)}: features depend on that, "
        "and it cannot be taken over from there. Name the network with --arch, and with --option KEY=VALUE what "
        "tensors do not show; the configuration is not asked then"
    )
