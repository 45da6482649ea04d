"""Networks of timm whose feature maps have the strides that heads need. Their names are `timm.NAME`.

State dicts keep timm's own names and leave out the classifier, so that published weights load unchanged. timm is
imported when the first network is built. Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from pydantic import JsonValue
from torch import Tensor

from lovt_bench.benchmark.backbone.architectures._timm import OTHER_SIDES, PREFIX, SIDE, Adopted, create
from lovt_bench.benchmark.backbone.architectures.resnet import NAMES as TORCHVISION
from lovt_bench.benchmark.backbone.architectures.timm_tokens import (
    TimmTokens,
    has_one_stride,
    strides_of,
    trunk_tokens,
)
from lovt_bench.benchmark.backbone.model import (
    STRIDES,
    Backbone,
    BackboneError,
    Summary,
    level_of,
    with_image,
)
from lovt_bench.benchmark.contract.backbone import FeatureLevel

RECOMMENDED: dict[str, tuple[int, tuple[int, ...], str]] = {
    "convnext_atto": (3_373_880, (40, 80, 160, 320), "stem.0.weight"),
    "convnext_base": (87_564_416, (128, 256, 512, 1024), "stem.0.weight"),
    "convnext_small": (49_453_152, (96, 192, 384, 768), "stem.0.weight"),
    "convnext_tiny": (27_818_592, (96, 192, 384, 768), "stem.0.weight"),
    "convnextv2_tiny": (27_864_960, (96, 192, 384, 768), "stem.0.weight"),
    "densenet121": (6_953_856, (64, 256, 512, 1024, 1024), "features.conv0.weight"),
    "efficientnet_b0": (3_595_388, (16, 24, 40, 112, 320), "conv_stem.weight"),
    "mobilenetv3_large_100": (2_971_952, (16, 24, 40, 112, 960), "conv_stem.weight"),
    "pvt_v2_b2": (24_849_856, (64, 128, 320, 512), "patch_embed.proj.weight"),
    "regnety_032": (17_923_338, (32, 72, 216, 576, 1512), "stem.conv.weight"),
    "resnetv2_50": (23_496_256, (64, 256, 512, 1024, 2048), "stem.conv.weight"),
    "swin_base_patch4_window7_224": (86_741_176, (128, 256, 512, 1024), "patch_embed.proj.weight"),
    "swin_tiny_patch4_window7_224": (27_517_818, (96, 192, 384, 768), "patch_embed.proj.weight"),
    "tf_efficientnetv2_s": (19_847_248, (24, 48, 64, 160, 256), "conv_stem.weight"),
}
"""By network: number of parameters, channels of its levels up to stride 32, and the first name of its state dict.

Listings and searches read this table instead of building networks. Other networks of timm work, too, if they fit.
"""

COARSER = STRIDES[1:]
"""Strides that a network must have. If it has no stride 2, the image takes that place."""


@dataclass(frozen=True)
class Plan:
    """What is known about a network before its weights are allocated."""

    indices: tuple[int, ...]
    """Which of timm's feature maps become levels."""
    levels: tuple[FeatureLevel, ...]
    fixed_side: int | None
    discarded: frozenset[str]
    """Names in the state dict of the whole network that the trunk does not need."""


class TimmNetwork(Adopted):
    """Gives the levels c1 … c5 at strides 2 … 32. If a network has no stride 2, the image takes the place of c1.

    The backbone shares its tables of modules, parameters and buffers with timm's network. So its tensors have timm's
    names, without a prefix.
    """

    def __init__(self, name: str) -> None:
        plan = plan_of(name)
        super().__init__(PREFIX + name, plan.levels)
        network = _create(name)
        self._indices = network.prune_intermediate_layers(list(plan.indices), prune_norm=True)
        self.adopt(network)
        self.fixed_side = plan.fixed_side
        self.discarded = plan.discarded

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        return self.with_substitutes(image, _maps(self._network[0], image, self._indices))


@cache
def plan_of(name: str) -> Plan:
    """Return the levels and limits of a network. It is built on the meta device and run on images without values.

    Args:
        name: Name in timm's list, without a tag of weights.

    Raises:
        BackboneError: The timm library has no such network, or it lacks strides that heads need.
    """
    if name in TORCHVISION:
        raise BackboneError(
            f"timm's {name} is torchvision's network: use {name}, which takes timm's weights, too"
        )
    with torch.device("meta"):
        network = _create(name).eval()
        found = _features(name, network)
        whole = frozenset(network.state_dict())
        indices = network.prune_intermediate_layers([index for index, _, _ in found], prune_norm=True)
        if not _gives(network, indices, found, SIDE):
            raise BackboneError(
                f"{PREFIX}{name} cannot be a backbone: its maps of {SIDE}-pixel images do not have the sides "
                f"{', '.join(str(SIDE // stride) for _, stride, _ in found)}, which heads ask for"
            )
        anywhere = all(_gives(network, indices, found, side) for side in OTHER_SIDES)
    return Plan(
        indices=tuple(index for index, _, _ in found),
        levels=levels_of([width for _, _, width in found]),
        fixed_side=None if anywhere else SIDE,
        discarded=whole - network.state_dict().keys(),
    )


def every() -> list[str]:
    """Return the names of all networks that timm lists, except torchvision's. Many of them cannot be backbones."""
    import timm

    return [PREFIX + name for name in timm.list_models() if name not in TORCHVISION]


def trunk_state(name: str) -> dict[str, Tensor]:
    """Return the tensors of a network without its classifier, on the meta device: faster than building a backbone.

    Raises:
        BackboneError: The network does not declare the strides that heads need.
    """
    with torch.device("meta"):
        network = _create(name)
        if len(strides_of(network)) == 1:
            return trunk_tokens(name)
        network.prune_intermediate_layers(
            [index for index, _, _ in _features(name, network)], prune_norm=True
        )
    state: dict[str, Tensor] = network.state_dict()
    return state


def levels_of(widths: Sequence[int]) -> tuple[FeatureLevel, ...]:
    """Return the levels of a network with these channels up to stride 32. The image replaces a missing stride 2."""
    strides = STRIDES[-len(widths) :]
    return tuple(with_image([level_of(*pair) for pair in zip(strides, widths, strict=True)]))


def _create(name: str) -> Any:
    """Return timm's network, built so that it accepts the most image sides."""
    return create(name, ({"strict_img_size": False}, {"img_size": SIDE}, {}))


def _features(name: str, network: Any) -> list[tuple[int, int, int]]:
    """Return index, stride and channels of the last feature map of each stride that is a level, by ascending stride."""
    offered = [(info["reduction"], info["num_chs"]) for info in getattr(network, "feature_info", [])]
    last = {stride: (index, stride, width) for index, (stride, width) in enumerate(offered)}
    if not set(COARSER) <= strides_of(network):
        strides = sorted({stride for stride, _ in offered})
        raise BackboneError(
            f"{PREFIX}{name} cannot be a backbone: heads ask for feature maps of strides 4, 8, 16 and 32, or for "
            f"tokens of one stride; it has {strides or 'none'}. Networks that fit: "
            f"{', '.join(PREFIX + each for each in list(RECOMMENDED)[:4])}, … (`lovt-bench backbone architectures`)"
        )
    return [last[stride] for stride in STRIDES if stride in last]


def _gives(network: Any, indices: Sequence[int], found: list[tuple[int, int, int]], side: int) -> bool:
    """Return whether feature maps of images with this side have the shapes that timm declares."""
    try:
        with torch.no_grad():
            maps = _maps(network, torch.zeros(2, 3, side, side), indices)
    except (RuntimeError, AssertionError, ValueError):
        return False
    return [tuple(each.shape[1:]) for each in maps] == [(c, side // s, side // s) for _, s, c in found]


def _maps(network: Any, image: Tensor, indices: Sequence[int]) -> list[Tensor]:
    maps: list[Tensor] = network.forward_intermediates(
        image, indices=list(indices), norm=False, output_fmt="NCHW", intermediates_only=True
    )
    return maps


ARCHITECTURES: dict[str, Callable[[], Backbone]] = {
    PREFIX + name: partial(TimmNetwork, name) for name in RECOMMENDED
}

SUMMARIES = {
    PREFIX + name: Summary(parameters, levels_of(widths), first)
    for name, (parameters, widths, first) in RECOMMENDED.items()
}


def named(architecture: str, options: Mapping[str, JsonValue] | None) -> Callable[[], Backbone]:
    """Return a function that builds the network `timm.NAME`."""
    return partial(_build, architecture.removeprefix(PREFIX), options)


def _build(name: str, options: Mapping[str, JsonValue] | None) -> Backbone:
    if name in TORCHVISION or (options is None and not has_one_stride(name)):
        return TimmNetwork(name)
    return TimmTokens(name, options)
