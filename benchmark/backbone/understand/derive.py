"""What an architecture has under another name or in other pieces than the file: the same values, cut or joined anew."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.source import Make, Source, combined


def _same(found: Sequence[Tensor]) -> Tensor:
    return found[0]


def _joined(found: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(found))


def _without_keys(found: Sequence[Tensor]) -> Tensor:
    return torch.cat([found[0], torch.zeros_like(found[0]), found[1]])


def _third(found: Sequence[Tensor], index: int) -> Tensor:
    return found[0].chunk(3)[index]


def _bias_of(found: Sequence[Tensor], index: int) -> Tensor:
    """Return the bias of query or value of a joined bias, times its mask where there is one (DINOv3)."""
    whole = found[0] if len(found) == 1 else found[0] * found[1]
    thirds = whole.chunk(3)
    return _beside_keys([thirds[index], thirds[1]])


def _beside_keys(found: Sequence[Tensor]) -> Tensor:
    """Return a bias of query or value where that of the keys, the second tensor, is zero.

    Without rotary positions a bias of the keys changes nothing; with them it does, and networks that have no place for
    it are mostly those.

    Raises:
        BackboneError: It is not zero.
    """
    bias, keys = found
    if not keys.is_meta and bool(torch.any(keys)):
        raise BackboneError(
            "the file has a bias of the keys that is not 0, and the network has no place for it: attention with rotary "
            "positions depends on it. If a network of timm has that bias, name it with --arch; a folder with its "
            "config.json is read as transformers' network, which may have it (key_bias)"
        )
    return bias


_JOINED = "query, key and value joined to one product"
_CUT = "the product of query, key and value cut into three"
_KEYS_GET_0 = f"{_JOINED}; keys have no bias in the file and get 0"
_KEYS_ARE_0 = "the bias of keys, which is 0, left out"
_QKV = r"^(.*)attn\.qkv\.(weight|bias)$"
_QKV_BIAS = r"^(.*)attn\.qkv\.bias$"
_Q_BIAS, _V_BIAS = r"^(.*)attn\.q_(?:proj\.)?bias$", r"^(.*)attn\.v_(?:proj\.)?bias$"
_FIRST = r"^(.*)mlp\.fc1\.(weight|bias)$"
_WHOLE, _WHOLE_MASKED = (r"\1attn.qkv.bias",), (r"\1attn.qkv.bias", r"\1attn.qkv.bias_mask")
_RULES: tuple[tuple[str, tuple[str, ...], Make, str], ...] = (
    (r"^(.*)gamma_([12])$", (r"\1ls\2.gamma",), _same, ""),
    (r"^(.*)ls([12])\.gamma$", (r"\1gamma_\2",), _same, ""),
    (_QKV, (r"\1attn.q_proj.\2", r"\1attn.k_proj.\2", r"\1attn.v_proj.\2"), _joined, _JOINED),
    (_QKV_BIAS, (r"\1attn.q_proj.bias", r"\1attn.v_proj.bias"), _without_keys, _KEYS_GET_0),
    (_QKV_BIAS, (r"\1attn.q_bias", r"\1attn.v_bias"), _without_keys, _KEYS_GET_0),
    (r"^(.*)attn\.([qv])_proj\.bias$", (r"\1attn.\2_bias",), _same, ""),
    (r"^(.*)attn\.([qv])_bias$", (r"\1attn.\2_proj.bias", r"\1attn.k_proj.bias"), _beside_keys, _KEYS_ARE_0),
    (r"^(.*)attn\.([qv])_bias$", (r"\1attn.\2_proj.bias",), _same, ""),
    (_Q_BIAS, _WHOLE_MASKED, partial(_bias_of, index=0), _KEYS_ARE_0),
    (_V_BIAS, _WHOLE_MASKED, partial(_bias_of, index=2), _KEYS_ARE_0),
    (_Q_BIAS, _WHOLE, partial(_bias_of, index=0), _KEYS_ARE_0),
    (_V_BIAS, _WHOLE, partial(_bias_of, index=2), _KEYS_ARE_0),
    (r"^(.*)attn\.q_proj\.weight$", (r"\1attn.qkv.weight",), partial(_third, index=0), _CUT),
    (r"^(.*)attn\.k_proj\.weight$", (r"\1attn.qkv.weight",), partial(_third, index=1), _CUT),
    (r"^(.*)attn\.v_proj\.weight$", (r"\1attn.qkv.weight",), partial(_third, index=2), _CUT),
    (_FIRST, (r"\1mlp.fc1_g.\2", r"\1mlp.fc1_x.\2"), _joined, "both halves of gated layers joined"),
    (_FIRST, (r"\1mlp.fc1_x.\2",), _same, ""),
    (_FIRST, (r"\1mlp.w12.\2",), _same, ""),
    (r"^(.*)mlp\.fc2\.(weight|bias)$", (r"\1mlp.w3.\2",), _same, ""),
    (
        r"^norm\.(weight|bias)$",
        (r"fc_norm.\1",),
        _same,
        "fc_norm, which the file has in the place of norm, taken as the last norm",
    ),
    (
        r"^fc_norm\.(weight|bias)$",
        (r"norm.\1",),
        _same,
        "norm, the file's last norm, applied to tokens",
    ),
)
"""Pattern of an architecture's name, the names that it is made of, how, and what the report says of it."""


def derived(our: str, prefix: str, sources: Mapping[str, Source]) -> Source | None:
    """Return how a tensor that the file does not have by that name follows from others; None where it does not.

    Args:
        our: Name in the architecture's state dict.
        prefix: Of the trunk in the file.
        sources: By full name.
    """
    for pattern, templates, make, said in _RULES:
        if found := re.match(pattern, our):
            names = [prefix + found.expand(template) for template in templates]
            if all(name in sources for name in names):
                return combined([sources[name] for name in names], make, said)
    return None


def unpacked(source: Source | None, ours: Sequence[str]) -> dict[str, Source]:
    """Return the tensors that lie one behind the other in one of the file; none where they do not divide it."""
    if source is None or not source.shape or source.shape[0] % len(ours):
        return {}
    parts = {
        our: combined([source], partial(_piece, index=k, count=len(ours)), "a packed tensor cut")
        for k, our in enumerate(ours)
    }
    return {our: part for our, part in parts.items() if part is not None}


def _piece(found: Sequence[Tensor], index: int, count: int) -> Tensor:
    return found[0].chunk(count)[index]
