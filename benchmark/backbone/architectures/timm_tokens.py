"""Networks of timm with one stride: plain vision transformers and their kin. `timm_models` gives their names a builder.

State dicts keep timm's names and leave out classifier and pooling head. What a name and a file do not say stands in
options (`TokenOptions`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, JsonValue
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.architectures._timm import OTHER_SIDES, SIDE, Adopted, create
from lovt_bench.benchmark.backbone.architectures._timm import PREFIX as TIMM
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError, Summary, level_of, with_image
from lovt_bench.benchmark.backbone.tokens.grid import tokens_across
from lovt_bench.benchmark.backbone.tokens.model import TOKEN_STRIDES, LevelRule, TokenBackbone, blocks_of
from lovt_bench.benchmark.backbone.tokens.positions import PositionRule, resample_table
from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.model_file import ModelFileError, checked
from lovt_bench.benchmark.contract.untrusted import clean_text

RECOMMENDED: dict[str, tuple[int, int, int, str]] = {
    "deit3_base_patch16_224": (85_816_320, 768, 16, "cls_token"),
    "deit_base_distilled_patch16_224": (85_800_192, 768, 16, "cls_token"),
    "eva02_base_patch14_224": (85_758_720, 768, 14, "cls_token"),
    "vit_base_patch14_dinov2": (85_724_928, 768, 14, "cls_token"),
    "vit_base_patch14_reg4_dinov2": (85_727_232, 768, 14, "cls_token"),
    "vit_base_patch16_224": (85_798_656, 768, 16, "cls_token"),
    "vit_base_patch16_dinov3": (85_641_216, 768, 16, "cls_token"),
    "vit_base_patch16_siglip_224": (85_797_120, 768, 16, "pos_embed"),
    "vit_large_patch16_224": (303_301_632, 1024, 16, "cls_token"),
    "vit_small_patch14_dinov2": (21_628_800, 384, 14, "cls_token"),
    "vit_small_patch16_224": (21_665_664, 384, 16, "cls_token"),
    "vit_tiny_patch16_224": (5_524_416, 192, 16, "cls_token"),
}
"""By network: number of parameters, values of a token, side of a patch, and the first name of its state dict."""

RULES = ("levels", "positions", "native_grid")
"""Options that are rules of the harness; the others are handed to timm's constructor."""


Grid = Annotated[int, Field(ge=1, le=512)]
"""Tokens along one axis."""


class TokenOptions(Model):
    """What completes the name of a network with one stride. None: as timm defines it."""

    levels: LevelRule = "last"
    positions: PositionRule = "bicubic-antialias"
    """How the library that trained it resamples its table of positions."""
    native_grid: Grid | None = None
    """Of the table as it was trained, before it was resampled for 224 pixels."""
    patch_size: int | None = Field(default=None, ge=4, le=64)
    embed_dim: int | None = Field(default=None, ge=16, le=8192)
    depth: int | None = Field(default=None, ge=1, le=96)
    num_heads: int | None = Field(default=None, ge=1, le=128)
    mlp_ratio: float | None = Field(default=None, gt=0, le=16)
    norm_eps: float | None = Field(default=None, gt=0, le=0.1)
    """Epsilon of all layer norms."""
    activation: Literal["gelu", "gelu_tanh", "quick_gelu", "relu", "silu"] | None = None
    swiglu: Literal[True] | None = None
    """Gated units in the place of the MLP, both halves in one matrix. No network of timm has them taken out."""
    init_values: float | None = Field(default=None, gt=0, le=10)
    """There is a layer scale; it begins with this value."""
    class_token: bool | None = None
    reg_tokens: int | None = Field(default=None, ge=0, le=64)
    no_embed_class: bool | None = None
    """The table of positions has no row for CLS and registers."""
    pre_norm: bool | None = None
    qkv_bias: bool | None = None
    qk_norm: bool | None = None
    ref_feat_shape: tuple[Grid, Grid] | None = None
    """Grid that rotary positions are scaled to."""

    def stated(self) -> dict[str, JsonValue]:
        """Return the options whole: rules by name, constructor arguments where they are given."""
        return self.model_dump(mode="json", exclude_none=True)


@dataclass(frozen=True)
class Plan:
    """What is known about a network before its weights are allocated."""

    width: int
    patch: int
    blocks: tuple[int, ...]
    """Which of timm's feature maps give levels, the deepest last."""
    fixed_side: int | None
    discarded: frozenset[str]
    """Names in the state dict of the whole network that the trunk does not need."""
    norm: str
    """Name of the norm that tokens go through; empty for none."""


class TimmTokens(Adopted, TokenBackbone):
    """Gives tokens of timm's network after its final norm, CLS, register and distillation tokens left out."""

    def __init__(self, name: str, options: Mapping[str, JsonValue] | None = None) -> None:
        asked = _checked(name, options)
        plan = _plan(name, asked)
        super().__init__(TIMM + name, asked.stated(), width=plan.width, patch=plan.patch, rule=asked.levels)
        self.adopt(_trunk(_create(name, asked, plan.patch))[0])
        self._plan, self._asked = plan, asked
        self.fixed_side, self.discarded = plan.fixed_side, plan.discarded
        self.norm_name = plan.norm

    def token_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        return maps_after(self._network[0], image, self._plan.blocks, self._plan.norm, self._asked.positions)

    def network_for(self, side: int) -> Any:
        """Return timm's network as it takes images of that side once they are `fitted`; all weights are shared."""
        return _for_side(self._network[0], self.grid(side) * self.patch, self._asked.positions)


def strides_of(network: Any) -> set[int]:
    """Return the strides of the feature maps that a network of timm declares, and can give."""
    able = hasattr(network, "forward_intermediates") and hasattr(network, "prune_intermediate_layers")
    return {info["reduction"] for info in getattr(network, "feature_info", [])} if able else set()


@cache
def has_one_stride(name: str) -> bool:
    """Return whether a network of timm gives tokens on one grid. It is built on the meta device."""
    return name in RECOMMENDED or len(_facts(name)[0]) == 1


@cache
def _facts(name: str) -> tuple[frozenset[int], str]:
    """Return the strides and the class of a network as timm defines it."""
    with torch.device("meta"):
        network = create(name, ({},))
    return frozenset(strides_of(network)), type(network).__name__


def trunk_tokens(name: str) -> dict[str, Tensor]:
    """Return the tensors of a network with default options, on the meta device."""
    with torch.device("meta"):
        state: dict[str, Tensor] = _trunk(_create(name, TokenOptions(), _patch_of(name)))[0].state_dict()
    return state


def _checked(name: str, options: Mapping[str, JsonValue] | None) -> TokenOptions:
    try:
        return checked(TokenOptions, dict(options or {}), f"options of {TIMM}{name}:")
    except ModelFileError as error:
        raise BackboneError(str(error)) from error


def _patch_of(name: str) -> int:
    if name in RECOMMENDED:
        return RECOMMENDED[name][2]
    (stride,) = _facts(name)[0]
    return stride


@cache
def _plan(name: str, asked: TokenOptions) -> Plan:
    """Build the network on the meta device, run it on images without values, and return what is found.

    Raises:
        BackboneError: Its tokens lie on no square grid, or it does not take an option.
    """
    if not has_one_stride(name):
        raise BackboneError(
            f"{TIMM}{name} takes no options: only networks with one stride do, such as plain vision transformers"
        )
    patch = asked.patch_size or _patch_of(name)
    with torch.device("meta"), torch.no_grad():
        whole = _create(name, asked, patch)
        names = frozenset(whole.state_dict())
        network, norm = _trunk(whole)
        blocks = blocks_of(asked.levels, len(network.feature_info))
        widths = {
            side: _width(network.eval(), side, patch, blocks, norm, asked) for side in (SIDE, *OTHER_SIDES)
        }
    if not isinstance(width := widths[SIDE], int):
        raise BackboneError(
            f"{TIMM}{name} cannot be a backbone: tokens of {SIDE}-pixel images are wanted on a square grid of patches, "
            f"but {clean_text(width, 300)}"
        )
    return Plan(
        width=width,
        patch=patch,
        blocks=blocks,
        fixed_side=None if all(isinstance(each, int) for each in widths.values()) else SIDE,
        discarded=names - network.state_dict().keys(),
        norm=norm,
    )


def _create(name: str, asked: TokenOptions, patch: int) -> Any:
    """Return timm's network for images of 224 pixels, with the options that were asked for."""
    from timm.layers import SwiGLUPacked

    given: dict[str, Any] = dict(asked.stated())
    for key in (*RULES, "norm_eps"):
        given.pop(key, None)
    if (activation := given.pop("activation", None)) is not None:
        given["act_layer"] = activation
    if given.pop("swiglu", None):
        given["mlp_layer"] = SwiGLUPacked
        given.setdefault("act_layer", "silu")
    if "reg_tokens" in given and _facts(name)[1] == "Eva":
        given["num_reg_tokens"] = given.pop("reg_tokens")
    size = {"img_size": tokens_across(SIDE, patch) * patch}
    attempts = ({**size, "dynamic_img_size": True, **given}, {**size, **given}, given)
    try:
        network = create(name, attempts)
    except (TypeError, AssertionError) as error:
        raise BackboneError(f"{TIMM}{name} does not take the options {sorted(given)}: {error}") from error
    if asked.norm_eps is not None:
        for module in network.modules():
            if isinstance(getattr(module, "eps", None), float):
                module.eps = asked.norm_eps
    return network


def _trunk(network: Any) -> tuple[Any, str]:
    """Take classifier and pooling head off; return the network and the name of the norm that tokens go through."""
    norm = next((name for name in ("norm", "fc_norm") if _norms(getattr(network, name, None))), "")
    kept = getattr(network, norm) if norm else None
    network.prune_intermediate_layers(list(range(len(network.feature_info))), prune_norm=False)
    if norm:
        setattr(network, norm, kept)
    return network, norm


def _norms(module: nn.Module | None) -> bool:
    return module is not None and not isinstance(module, nn.Identity)


def _width(
    network: Any, side: int, patch: int, blocks: tuple[int, ...], norm: str, asked: TokenOptions
) -> int | str:
    """Return the values of a token of images of that side; in words why, where the network gives no such grid."""
    grid = tokens_across(side, patch)
    try:
        maps = maps_after(
            network, torch.zeros(2, 3, grid * patch, grid * patch), blocks, norm, asked.positions
        )
    except (RuntimeError, AssertionError, ValueError, AttributeError) as error:
        return f"timm says: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
    for each in maps:
        if len(each) != 2 or each.shape[2:] != (grid, grid):
            return (
                f"those of 2 images have the shape {tuple(each.shape)}, a grid of {grid} x {grid} is wanted"
            )
    return int(maps[-1].shape[1])


def maps_after(
    network: Any, image: Tensor, blocks: Sequence[int], norm: str, rule: PositionRule
) -> tuple[Tensor, ...]:
    """Return the patch tokens (N, width, G, G) after each of these blocks, through the norm of that name."""
    wanted = sorted(set(blocks))
    found = _for_side(network, image.shape[-1], rule).forward_intermediates(
        image, indices=wanted, norm=False, output_fmt="NCHW", intermediates_only=True
    )
    last = getattr(network, norm) if norm else nn.Identity()
    maps = {
        block: last(each.flatten(2).transpose(1, 2)).transpose(1, 2).unflatten(2, each.shape[2:])
        for block, each in zip(wanted, found, strict=True)
    }
    return tuple(maps[block] for block in blocks)


def _for_side(network: Any, side: int, rule: PositionRule) -> Any:
    """Return the network as it takes images of that side: a view whose table of positions is resampled by the rule.

    The view shares everything else. timm itself knows one rule only.
    """
    table: Any = getattr(network, "pos_embed", None)
    if not (isinstance(table, Tensor) and table.ndim == 3 and getattr(network, "dynamic_img_size", False)):
        return network
    embed: Any = network.patch_embed
    grid_size = embed.grid_size
    height, width = embed.dynamic_feat_size((side, side))
    if (height, width) == tuple(grid_size):
        return network
    view, parts = copy.copy(network), copy.copy(embed)
    parts.grid_size = height, width
    prefix = table.shape[1] - grid_size[0] ** 2
    moved = resample_table(table, rule, grid_size[0], height, prefix)
    view._parameters = {**network._parameters, "pos_embed": moved}
    view._modules = {**network._modules, "patch_embed": parts}
    return view


ARCHITECTURES: dict[str, Callable[[], Backbone]] = {
    TIMM + name: partial(TimmTokens, name) for name in RECOMMENDED
}

SUMMARIES = {
    TIMM + name: Summary(
        parameters, tuple(with_image([level_of(stride, width) for stride in TOKEN_STRIDES])), first, patch
    )
    for name, (parameters, width, patch, first) in RECOMMENDED.items()
}
