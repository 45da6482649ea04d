"""Stored features of a backbone as embeddings: the positions of one level of an image, batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.model import BATCH
from lovt_bench.benchmark.backbone.sources import BackboneSource
from lovt_bench.benchmark.contract.backbone import FeatureLevel
from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.engine.inputs.extraction import extract, missing
from lovt_bench.benchmark.engine.inputs.feature_cache import FeatureCache
from lovt_bench.benchmark.engine.inputs.rows import RowTensor

MOST_POSITIONS = 4096
"""Positions of an image of which all pairs are looked at: 56 x 56 of stride 4 at 224 pixels are fewer."""


@dataclass(frozen=True)
class Embeddings:
    """The embeddings of one split at one level."""

    level: FeatureLevel
    rows: RowTensor
    """(n, D, h, w)"""
    library: str | None
    """What computed them; None where it is not known."""

    @property
    def positions(self) -> int:
        """Embeddings of an image."""
        return int(self.rows.array.shape[2] * self.rows.array.shape[3])

    def batch(self, start: int) -> Tensor:
        """Return (B, N, D) float64 of the images from `start`, row by row of the map."""
        end = min(len(self.rows), start + BATCH)
        return self.rows[torch.arange(start, end)].double().flatten(2).transpose(1, 2)


def level_of(source: BackboneSource, name: str | None) -> FeatureLevel:
    """Return the level of a name; without one the deepest.

    Raises:
        ValueError: There is none, or it is the image itself.
    """
    own = [level for level in source.levels if level.substitute is None]
    if name is None and own:
        return own[-1]
    for level in source.levels:
        if level.name == name and level in own:
            return level
    stands_in = any(level.name == name for level in source.levels)
    why = "the image stands in there" if stands_in else "it has no such level"
    raise ValueError(
        f"backbone {source.name} has no embeddings at level {name}: {why}; levels: "
        f"{', '.join(level.name for level in own) or 'none'}"
    )


def open_embeddings(
    cache: FeatureCache,
    source: BackboneSource,
    seed: int,
    level: FeatureLevel,
    split: SplitName,
    images: int,
    device: torch.device,
    advance: Callable[[int], None] = lambda images: None,
) -> Embeddings:
    """Return the embeddings of the first images of a split, computed first where they are not stored.

    Args:
        cache: Where they are stored.
        source: The backbone.
        seed: Of its draw, where it is drawn.
        level: One of the source's own.
        split: Of the cache's dataset.
        images: How many.
        device: Where to compute.
        advance: Called with the number of images done after each batch that is computed.

    Raises:
        ValueError: The level has too many positions, or a feature is not finite.
    """
    tokens = source.tokens
    positions = ((-(-cache.side // level.stride)) if tokens is None else tokens.grid(cache.side)) ** 2
    if positions > MOST_POSITIONS:
        raise ValueError(
            f"level {level.name} has {positions} positions an image; of at most {MOST_POSITIONS} all pairs are looked "
            "at: choose a deeper one with --level"
        )
    stride = level.stride if tokens is None else tokens.map_of(level.stride)
    lacking = missing(cache, {(split, stride): images})
    extract(cache, lacking, lambda: source.load(seed), device, advance)
    rows = RowTensor(cache.load(split, images, [stride])[stride], device, f"features of {source.name}")
    return Embeddings(level, rows, ", ".join(sorted(cache.libraries([split], [stride]))) or None)
