"""A vision transformer in float64 and nothing but matrix products: the oracle of the methods that train one."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from torch import Tensor

Array = np.ndarray


def arrays(state: Mapping[str, Tensor]) -> dict[str, Array]:
    """Return a state dict in float64."""
    return {name: value.detach().double().numpy() for name, value in state.items()}


def norm(values: Array, w: Mapping[str, Array], name: str, epsilon: float = 1e-6) -> Array:
    """Return the layer norm of that name over the last axis."""
    centred = values - values.mean(-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
    return centred / deviation * w[f"{name}.weight"] + w[f"{name}.bias"]


def linear(values: Array, w: Mapping[str, Array], name: str) -> Array:
    return values @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def softmax(values: Array) -> Array:
    powers = np.exp(values - values.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def gelu(values: Array) -> Array:
    return values * (1 + np.vectorize(math.erf)(values / math.sqrt(2))) / 2


def block(tokens: Array, w: Mapping[str, Array], name: str, heads: int) -> Array:
    """Return (T, width) after one block: attention, then an MLP, each on normed values and added to what came in."""
    each = linear(norm(tokens, w, f"{name}.norm1"), w, f"{name}.attn.qkv")
    width = tokens.shape[1] // heads
    query, key, value = each.reshape(len(tokens), 3, heads, width).transpose(1, 2, 0, 3)
    looks = softmax(query @ key.transpose(0, 2, 1) / math.sqrt(width))
    mixed = (looks @ value).transpose(1, 0, 2).reshape(len(tokens), -1)
    tokens = tokens + linear(mixed, w, f"{name}.attn.proj")
    hidden = gelu(linear(norm(tokens, w, f"{name}.norm2"), w, f"{name}.mlp.fc1"))
    return tokens + linear(hidden, w, f"{name}.mlp.fc2")


def patches(image: Array, side: int) -> Array:
    """Return (G², C, side, side): the patches of (C, S, S) row by row."""
    grid = image.shape[-1] // side
    return np.stack(
        [
            image[:, y * side : (y + 1) * side, x * side : (x + 1) * side]
            for y in range(grid)
            for x in range(grid)
        ]
    )


def encoded(image: Array, w: Mapping[str, Array], heads: int, depth: int, keep: Array | None = None) -> Array:
    """Return the tokens (T, width) of (3, S, S) after the last norm, CLS first; of `keep` alone where it is given."""
    kernel = w["patch_embed.proj.weight"]
    flat = patches(image, kernel.shape[-1]).reshape(-1, kernel[0].size)
    tokens = flat @ kernel.reshape(len(kernel), -1).T + w["patch_embed.proj.bias"]
    tokens = np.concatenate([w["cls_token"][0], tokens]) + w["pos_embed"][0]
    tokens = tokens if keep is None else tokens[keep]
    for place in range(depth):
        tokens = block(tokens, w, f"blocks.{place}", heads)
    return norm(tokens, w, "norm")
