"""Feature levels as computed against feature levels as declared; the same for PyTorch and ONNX."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.contract.backbone import BackboneManifest

EXPORT_AGAIN = "make the backbone again: `lovt-bench submit`, `pretrain` or `backbone export`"


def example_images(batch: int, side: int) -> Tensor:
    """Return fixed images in the range of normalised X-rays: (batch, 3, side, side) float32, grey."""
    generator = torch.Generator().manual_seed(batch)
    grey = torch.rand((batch, 1, side, side), generator=generator) * 4 - 2
    return grey.expand(-1, 3, -1, -1).contiguous()


def check_levels(runner: str, manifest: BackboneManifest, maps: tuple[Tensor, ...]) -> Iterator[Finding]:
    """Compare feature maps with the declared levels: number, shape, finite, not constant.

    Args:
        runner: Who computed them, for the message.
        manifest: What is declared.
        maps: One (N, channels, side / stride, side / stride) tensor per level.
    """
    if len(maps) != len(manifest.levels):
        yield Finding(
            "error", runner, f"{len(maps)} feature levels, declared {len(manifest.levels)}", EXPORT_AGAIN
        )
        return
    for level, feature in zip(manifest.levels, maps, strict=True):
        side = manifest.input.side // level.stride
        expected = (level.channels, side, side)
        if tuple(feature.shape[1:]) != expected:
            message = f"{runner} gives {tuple(feature.shape[1:])}, declared {expected}"
            yield Finding("error", level.name, message, EXPORT_AGAIN)
        elif not bool(feature.isfinite().all()):
            message = f"{runner} gives NaN or infinity on ordinary images"
            yield Finding(
                "error", level.name, message, "look at BN running variances and the training's last epochs"
            )
        elif bool((feature == feature.flatten()[0]).all()):
            message = f"{runner} gives {float(feature.flatten()[0]):g} everywhere: the level carries nothing"
            yield Finding("warning", level.name, message, "collapsed training? Look at its loss")
        else:
            yield Finding(
                "ok", level.name, f"{runner}: {level.channels} channels, stride {level.stride}, finite"
            )
