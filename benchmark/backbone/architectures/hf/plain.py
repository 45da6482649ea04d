"""Plain vision transformers of transformers: how an image becomes tokens, block after block, and the last norm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Context = Callable[[Any, Tensor, Tensor], Mapping[str, Any]]
"""From network, image and first tokens to what every block is told beside its tokens."""


def _embed(network: Any, image: Tensor) -> Tensor:
    return network.embeddings(image)


def _embed_any_side(network: Any, image: Tensor) -> Tensor:
    return network.embeddings(image, interpolate_pos_encoding=True)


def _embed_clip(network: Any, image: Tensor) -> Tensor:
    return network.pre_layrnorm(_embed_any_side(network, image))


def _embed_unmasked(network: Any, image: Tensor) -> Tensor:
    """Return the tokens of a masked autoencoder, all of them in their order."""
    parts = network.embeddings
    patches = parts.patch_embeddings(image)
    cls = parts.cls_token.expand(len(image), -1, -1)
    tokens = torch.cat([cls, patches], dim=1)
    return tokens + parts.interpolate_pos_encoding(tokens, *image.shape[-2:])


def _embed_data2vec(network: Any, image: Tensor) -> Tensor:
    return network.embeddings(image)[0]


def _nothing(network: Any, image: Tensor, tokens: Tensor) -> Mapping[str, Any]:
    return {"attention_mask": None}


def _rotary(network: Any, image: Tensor, tokens: Tensor) -> Mapping[str, Any]:
    return {"position_embeddings": network.rope_embeddings(image)}


def _window(network: Any, image: Tensor) -> tuple[int, int]:
    patch = network.config.patch_size
    return image.shape[-2] // patch, image.shape[-1] // patch


def _beit(network: Any, image: Tensor, tokens: Tensor) -> Mapping[str, Any]:
    shared = network.shared_position_bias
    bias = None if shared is None else shared(_window(network, image), dim_size=tokens.shape[1])
    return {"attention_mask": bias, "resolution": image.shape[-2:]}


def _data2vec(network: Any, image: Tensor, tokens: Tensor) -> Mapping[str, Any]:
    encoder = network.encoder
    bias = None
    if encoder.has_relative_position_bias:
        bias = encoder.relative_position_bias(_window(network, image), dim_size=tokens.shape[1])
    return {"relative_position_bias": bias, "resolution": image.shape[-2:]}


@dataclass(frozen=True)
class Parts:
    """Where a plain transformer has its parts."""

    embed: Callable[[Any, Tensor], Tensor]
    """From network and image (N, 3, S, S) to the first tokens (N, T, width)."""
    blocks: str
    norm: str
    """The last norm. CLIP and BEiT norm only what they pool; here it is applied to every token, as timm does."""
    prefix: int
    """Tokens before the patches, registers left out."""
    context: Context = _nothing


PARTS = {
    "beit": Parts(_embed, "layers", "layernorm", 1, _beit),
    "clip_vision_model": Parts(_embed_clip, "encoder.layers", "post_layernorm", 1),
    "data2vec-vision": Parts(_embed_data2vec, "encoder.layer", "layernorm", 1, _data2vec),
    "deit": Parts(_embed_any_side, "layers", "layernorm", 2),
    "dinov2": Parts(_embed, "encoder.layer", "layernorm", 1),
    "dinov2_with_registers": Parts(_embed, "encoder.layer", "layernorm", 1),
    "dinov3_vit": Parts(_embed, "model.layer", "norm", 1, _rotary),
    "ijepa": Parts(_embed_any_side, "layers", "layernorm", 0),
    "siglip_vision_model": Parts(_embed_any_side, "encoder.layers", "post_layernorm", 0),
    "vit": Parts(_embed_any_side, "layers", "layernorm", 1),
    "vit_mae": Parts(_embed_unmasked, "layers", "layernorm", 1),
    "vit_msn": Parts(_embed_any_side, "layers", "layernorm", 1),
}
"""By model type."""


def blocks_of(network: Any, parts: Parts) -> nn.ModuleList:
    """Return the blocks in their order."""
    found = network.get_submodule(parts.blocks)
    assert isinstance(found, nn.ModuleList)
    return found


def norm_name(network: Any, parts: Parts) -> str:
    """Return the name of the last norm; of the one before the classifier where BEiT pools the mean."""
    pooled = isinstance(network.get_submodule(parts.norm), nn.Identity)
    return "pooler.layernorm" if pooled else parts.norm


def after_blocks(network: Any, parts: Parts, image: Tensor, wanted: tuple[int, ...]) -> list[Tensor]:
    """Return all tokens after some of the blocks, normed.

    Args:
        network: Of transformers.
        parts: Where it has its parts.
        image: (N, 3, S, S), S divided by the patch.
        wanted: Numbers of blocks, the first is 0; may repeat.

    Returns:
        One (N, T, width) for each.
    """
    tokens = parts.embed(network, image)
    context = parts.context(network, image, tokens)
    norm = network.get_submodule(norm_name(network, parts))
    found: dict[int, Tensor] = {}
    for number, block in enumerate(blocks_of(network, parts)):
        out = block(tokens, **context)
        tokens = out[0] if isinstance(out, tuple) else out
        if number in wanted:
            found[number] = norm(tokens)
    return [found[number] for number in wanted]
