"""A cleaned configuration becomes a network of transformers: without head, dropout, stochastic depth, remote code."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.architectures.hf.config import library_class
from lovt_bench.benchmark.backbone.architectures.hf.families import FAMILIES, OFF
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.tokens.grid import is_traced
from lovt_bench.benchmark.contract.untrusted import clean_text

VALUES_LIMIT = 2_000_000_000
"""Values of all tensors of a network."""

REFUSALS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    StrictDataclassError,
    TypeError,
    ValueError,
)
"""What the library raises at a configuration that it does not take."""


def created(model_type: str, config: Mapping[str, Any]) -> Any:
    """Return the network with its default initialisation, on torch's default device.

    Raises:
        BackboneError: transformers does not take the configuration, or the network is too large.
    """
    with torch.device("meta"):
        plan = _created(model_type, config)
    _check_size(model_type, plan)
    return plan if torch.get_default_device().type == "meta" else _created(model_type, config)


def _check_size(model_type: str, network: nn.Module) -> None:
    values = sum(tensor.numel() for tensor in (*network.parameters(), *network.buffers()))
    if values > VALUES_LIMIT:
        raise BackboneError(
            f"the configuration cannot be used: hf.{model_type} would have {values:,} values, more than the "
            f"{VALUES_LIMIT:,} that a backbone may have"
        )


def _created(model_type: str, config: Mapping[str, Any]) -> Any:
    family = FAMILIES[model_type]
    known = library_class(model_type, "configuration")
    network_class = library_class(model_type, "modeling")
    settings = {**config, **{name: off for name, off in OFF.items() if hasattr(known, name)}, **family.off}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            configuration = known(**settings)
            configuration._attn_implementation = family.attention if network_class._supports_sdpa else "eager"
            network = network_class(configuration, **family.arguments)
    except REFUSALS as error:
        raise BackboneError(
            f"transformers cannot build hf.{model_type} from this configuration: {clean_text(str(error), 300)}"
        ) from error
    for module in network.modules():
        if getattr(module, "mask_token", None) is not None:
            module.mask_token = None
        if hasattr(module, "generate_relative_position_index"):
            module.generate_relative_position_index = partial(_distances, module)
    return network.requires_grad_(True)


def _distances(module: Any, window_size: tuple[int, int]) -> Tensor:
    """Return BEiT's numbers of distances. Those that the library keeps are on the CPU, or of inference mode."""
    table: Tensor = module.relative_position_bias_table
    if is_traced(table):
        return _numbered(window_size).to(table.device)
    return _kept_distances(window_size, table.device)


@lru_cache(maxsize=8)
def _kept_distances(window_size: tuple[int, int], device: torch.device) -> Tensor:
    with torch.inference_mode(False), torch.device("cpu"):
        return _numbered(window_size).to(device)


def _numbered(window_size: tuple[int, int]) -> Tensor:
    from transformers.models.beit.modeling_beit import BeitRelativePositionBias

    numbers: Tensor = BeitRelativePositionBias.generate_relative_position_index.__wrapped__(window_size)
    return numbers


def discarded(network: nn.Module, saved: Mapping[str, str]) -> frozenset[str]:
    """Return names that files may hold within the network's modules, and that no feature depends on.

    Args:
        network: The trunk.
        saved: `Backbone.saved_names`.
    """
    files = saved or {name: name for name in network.state_dict()}
    indices = {
        name.removesuffix("bias_table") + "index"
        for name in files
        if name.endswith("relative_position_bias_table")
    }
    windows = {
        name.removesuffix("logit_scale") + part
        for name in files
        if name.endswith(".logit_scale")
        for part in ("relative_position_index", "relative_coords_table")
    }
    return frozenset({"embeddings.mask_token", "embeddings.position_ids", *indices, *windows})
