"""Networks of transformers with maps of several strides: what each stage leaves, without norms that no file holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

Maps = Callable[[Any, Tensor], list[Tensor]]
"""From network and image (N, 3, S, S) to maps (N, C, S / stride, S / stride), the finest first."""


def _stage_after_stage(first: Tensor, stages: Any) -> list[Tensor]:
    found = []
    for stage in stages:
        first = stage(first)
        found.append(first)
    return found


def _convnext(network: Any, image: Tensor) -> list[Tensor]:
    return _stage_after_stage(network.embeddings(image), network.encoder.stages)


def _dinov3_convnext(network: Any, image: Tensor) -> list[Tensor]:
    return _stage_after_stage(image, network.model.stages)


def _resnet(network: Any, image: Tensor) -> list[Tensor]:
    stem = network.embedder.embedder(image)
    return [stem, *_stage_after_stage(network.embedder.pooler(stem), network.encoder.stages)]


def _regnet(network: Any, image: Tensor) -> list[Tensor]:
    stem = network.embedder.embedder(image)
    return [stem, *_stage_after_stage(stem, network.encoder.stages)]


def _as_map(tokens: Tensor, height: int, width: int) -> Tensor:
    return tokens.transpose(1, 2).unflatten(2, (height, width))


def _pvt_v2(network: Any, image: Tensor) -> list[Tensor]:
    found: list[Tensor] = []
    for stage in network.encoder.layers:
        (tokens, *_), height, width = stage(found[-1] if found else image, output_attentions=False)
        found.append(_as_map(tokens, height, width))
    return found


def _swin(network: Any, image: Tensor) -> list[Tensor]:
    tokens, (height, width) = network.embeddings(image, interpolate_pos_encoding=True)
    window = network.config.window_size
    found = []
    for stage in network.encoder.layers:
        for number, block in enumerate(stage.blocks):
            # The library shrinks windows for good when it sees a small map, which its table of positions does not
            # follow. Here a map that is smaller than a window is padded; else the numbers are the library's.
            block.shift_size = window // 2 if number % 2 and min(height, width) > window else 0
            tokens, _ = block(tokens, (height, width), always_partition=True)
        found.append(_as_map(tokens, height, width))
        if stage.downsample is not None:
            tokens = stage.downsample(tokens, (height, width))
            height, width = (height + 1) // 2, (width + 1) // 2
    return found


def _swinv2(network: Any, image: Tensor) -> list[Tensor]:
    tokens, (height, width) = network.embeddings(image, interpolate_pos_encoding=True)
    found = []
    for stage in network.encoder.layers:
        tokens, before, (*_, below, beside) = stage(tokens, (height, width))
        found.append(_as_map(before, height, width))
        height, width = below, beside
    return found


def _hiera(network: Any, image: Tensor) -> list[Tensor]:
    from transformers.models.hiera.modeling_hiera import unroll

    tokens, _, _ = network.embeddings(image, interpolate_pos_encoding=True)
    sides = (image.shape[-2], image.shape[-1])
    tokens = unroll(tokens, sides, network.config.patch_stride, network.unroll_schedule)
    found = []
    for number, stage in enumerate(network.encoder.stages):
        tokens, _ = stage(tokens)
        found.append(network.encoder.reroll(tokens, stage_idx=number).permute(0, 3, 1, 2))
    return found


@dataclass(frozen=True)
class Pyramid:
    """How a network gives maps."""

    maps: Maps
    left_out: tuple[str, ...] = ()
    """Modules of the network that no map needs."""


PYRAMIDS = {
    "convnext": Pyramid(_convnext, ("layernorm",)),
    "convnextv2": Pyramid(_convnext, ("layernorm",)),
    "dinov3_convnext": Pyramid(_dinov3_convnext, ("layer_norm", "pool")),
    "hiera": Pyramid(_hiera),
    "pvt_v2": Pyramid(_pvt_v2),
    "regnet": Pyramid(_regnet, ("pooler",)),
    "resnet": Pyramid(_resnet, ("pooler",)),
    "swin": Pyramid(_swin, ("layernorm",)),
    "swinv2": Pyramid(_swinv2, ("layernorm",)),
}
"""By model type."""
