"""Networks of timm whose feature maps have the strides that heads ask for, under the names `timm.NAME`.

State dicts keep timm's own names, without the classifier, so that published weights load as they are. timm is
imported when the first network is built. Nothing is downloaded.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Self

import torch
from torch import Tensor, nn

from benchmark.backbone.architectures.resnet import NAMES as TORCHVISION
from benchmark.backbone.model import STRIDES, Backbone, BackboneError, Summary, level_of, with_image
from benchmark.contract.backbone import FeatureLevel
from benchmark.contract.unknown import nearest
from benchmark.contract.untrusted import clean_text

PREFIX = "timm."

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
"""Parameters, channels of the levels that a network has, up to stride 32, and the first name of its state dict: what
listings and searches ask for, so that they need not build it. Any other network of timm that fits can be named, too."""

COARSER = STRIDES[1:]
"""Strides that a network must have; for 2 the image stands in where there is none."""

SIDE = 224
"""Side of the published protocol in pixels; networks that take one side only are built for it."""

OTHER_SIDES = (64, 128)
"""Tried to learn whether a network takes any side."""


@dataclass(frozen=True)
class Plan:
    """What is known of a network before one with values is built."""

    indices: tuple[int, ...]
    """Which of timm's feature maps become levels."""
    levels: tuple[FeatureLevel, ...]
    fixed_side: int | None
    discarded: frozenset[str]
    """Names in the whole network's state dict that the trunk goes without."""


class TimmNetwork(Backbone):
    """Levels c1 … c5 at strides 2 … 32; where a network has none of stride 2, the image stands in for c1.

    The backbone has its tables of modules, parameters and buffers in common with timm's network, so that no
    prefix comes before timm's names.
    """

    def __init__(self, name: str) -> None:
        plan = plan_of(name)
        super().__init__(PREFIX + name, plan.levels)
        network = _create(name)
        self._indices = network.prune_intermediate_layers(list(plan.indices), prune_norm=True)
        for table in ("_modules", "_parameters", "_buffers", "_non_persistent_buffers_set"):
            setattr(self, table, getattr(network, table))
        # In a tuple: as an attribute it would be a child of its own, and its name a prefix of all others.
        self._network = (network,)
        self.fixed_side = plan.fixed_side
        self.discarded = plan.discarded

    def train(self, mode: bool = True) -> Self:
        """Set the mode of all modules, the network's own flag included."""
        self._network[0].training = mode
        return super().train(mode)

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        return self.with_substitutes(image, _maps(self._network[0], image, self._indices))


@cache
def plan_of(name: str) -> Plan:
    """Return levels and limits of a network, found by building it without values and sending images through.

    Args:
        name: as timm lists it, without a tag of weights.

    Raises:
        BackboneError: no such network, or one without the strides that heads ask for.
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
    """Return the names of all networks that timm lists, torchvision's left out; many cannot be backbones."""
    import timm

    return [PREFIX + name for name in timm.list_models() if name not in TORCHVISION]


def trunk_state(name: str) -> dict[str, Tensor]:
    """Return a network's tensors without the classifier, on the meta device; quicker than to build a backbone.

    Raises:
        BackboneError: it does not declare the strides that heads ask for.
    """
    with torch.device("meta"):
        network = _create(name)
        network.prune_intermediate_layers(
            [index for index, _, _ in _features(name, network)], prune_norm=True
        )
    state: dict[str, Tensor] = network.state_dict()
    return state


def levels_of(widths: Sequence[int]) -> tuple[FeatureLevel, ...]:
    """Return the levels of a network with these channels up to stride 32, the image in place of a missing stride 2."""
    strides = STRIDES[-len(widths) :]
    return tuple(with_image([level_of(*pair) for pair in zip(strides, widths, strict=True)]))


def _create(name: str) -> Any:
    """Return timm's network with its default initialisation, on torch's default device."""
    import timm
    from timm.layers import DropPath

    # Asked before anything is built: timm takes other names for addresses to download from.
    if not timm.is_model(name) or "." in name:
        raise BackboneError(_unknown(name, timm.list_models()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = _first_accepted(partial(timm.create_model, name, pretrained=False))
    for module in network.modules():
        # The protocol trains without dropout and stochastic depth.
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
        elif isinstance(module, DropPath):
            module.drop_prob = 0.0
    return network


def _first_accepted(create: Callable[..., Any]) -> Any:
    """Return the network that takes as many image sides as its constructor can be told to."""
    for options in ({"strict_img_size": False}, {"img_size": SIDE}):
        try:
            return create(**options)
        except TypeError:
            continue
    return create()


def _features(name: str, network: Any) -> list[tuple[int, int, int]]:
    """Return index, stride and channels of the last feature of each stride that is a level, in ascending stride."""
    offered = [(info["reduction"], info["num_chs"]) for info in getattr(network, "feature_info", [])]
    last = {stride: (index, stride, width) for index, (stride, width) in enumerate(offered)}
    able = hasattr(network, "forward_intermediates") and hasattr(network, "prune_intermediate_layers")
    if not able or not set(COARSER) <= last.keys():
        strides = sorted({stride for stride, _ in offered})
        raise BackboneError(
            f"{PREFIX}{name} cannot be a backbone: heads ask for feature maps of strides 4, 8, 16 and 32, it has "
            f"{strides or 'none'}; plain vision transformers have one stride only. Networks that fit: "
            f"{', '.join(PREFIX + each for each in list(RECOMMENDED)[:4])}, … (`lovt-bench backbone architectures`)"
        )
    return [last[stride] for stride in STRIDES if stride in last]


def _gives(network: Any, indices: Sequence[int], found: list[tuple[int, int, int]], side: int) -> bool:
    """Return whether the maps of images of that side have the shapes that timm declares."""
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


def _unknown(name: str, known: list[str]) -> str:
    bare, dot, tag = name.partition(".")
    if dot and bare in known:
        return f"{clean_text(tag, 60)} names weights, not an architecture: use {PREFIX}{bare}"
    close = nearest(name, known, 3)
    meant = f"; did you mean {', '.join(PREFIX + each for each in close)}?" if close else ""
    return f"timm has no network {clean_text(name, 60)!r}{meant}"


ARCHITECTURES: dict[str, Callable[[], Backbone]] = {
    PREFIX + name: partial(TimmNetwork, name) for name in RECOMMENDED
}

SUMMARIES = {
    PREFIX + name: Summary(parameters, levels_of(widths), first)
    for name, (parameters, widths, first) in RECOMMENDED.items()
}


def named(architecture: str) -> Callable[[], Backbone]:
    """Return the builder of any `timm.NAME`."""
    return partial(TimmNetwork, architecture.removeprefix(PREFIX))
