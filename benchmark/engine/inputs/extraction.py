"""Which feature levels of which rows tasks read, what of it is not on disk, and its extraction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from lovt_bench.benchmark.backbone.sources import BackboneSource
from lovt_bench.benchmark.backbone.tokens.stored import as_stored
from lovt_bench.benchmark.contract.backbone import ONNX_ONLY
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.contract.declared_facts import Normalisation
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.inputs.feature_backend import Library, library_for
from lovt_bench.benchmark.engine.inputs.feature_cache import FeatureCache

Demand = dict[tuple[SplitName, int], int]
"""Rows by split and by the stride of what is stored: of a level, or of a map of tokens (`StoredTokens.map_of`)."""


@dataclass(frozen=True)
class Missing:
    """What one extraction writes: one pass over the first rows of each split."""

    passes: dict[SplitName, tuple[int, list[int]]] = field(default_factory=dict)
    """Rows and strides by split; splits without any are left out."""

    @property
    def images(self) -> int:
        """Forward passes."""
        return sum(rows for rows, _ in self.passes.values())


def cache_of(
    root: Path,
    source: BackboneSource,
    seed: int,
    store: ImageStore,
    *,
    side: int,
    half: bool,
    device: torch.device,
    normalisation: Normalisation | None = None,
    library: Library | None = None,
) -> FeatureCache:
    """Return the feature cache of a backbone on a dataset.

    Args:
        root: `workspace/features`.
        source: The backbone.
        seed: Of its draw, where it is drawn.
        store: The dataset.
        side: Side of the network input in pixels.
        half: Store half precision.
        device: Where features are computed.
        normalisation: That of the images, where it is declared; None: by the store's statistics.
        library: What computes them; None: what the rule says.
    """
    graph, tokens = source.architecture == ONNX_ONLY, source.tokens is not None
    if library is None:
        library = library_for(device, len(store), side, graph=graph, tokens=tokens)
    return FeatureCache(
        root,
        source.sha256,
        seed if source.drawn_per_run else None,
        store,
        side,
        half,
        autocast=device.type == "cuda",
        library=library,
        tokens=tokens,
        normalisation=normalisation,
    )


def united(demands: Iterable[Demand]) -> Demand:
    """Return what all of them read together."""
    rows: Demand = {}
    for demand in demands:
        rows |= {key: max(rows.get(key, 0), wanted) for key, wanted in demand.items()}
    return rows


def missing(cache: FeatureCache, wanted: Demand, coming: Demand | None = None) -> Missing:
    """Return what is to be extracted.

    Args:
        cache: Cache of one draw of the backbone on one dataset.
        wanted: What tasks read.
        coming: What others are going to extract before.
    """
    coming = coming or {}
    passes: dict[SplitName, tuple[int, list[int]]] = {}
    for split in SPLIT_NAMES:
        lacking = {
            stride: rows
            for (of, stride), rows in wanted.items()
            if of == split and coming.get((of, stride), 0) < rows and cache.missing(split, rows, [stride])
        }
        if lacking:
            passes[split] = max(lacking.values()), sorted(lacking)
    return Missing(passes)


def extract(
    cache: FeatureCache,
    lacking: Missing,
    load: Callable[[], nn.Module],
    device: torch.device,
    advance: Callable[[int], None] = lambda images: None,
) -> None:
    """Write what is missing: the one way in which features come to be.

    Args:
        cache: Cache of one draw of the backbone on one dataset.
        lacking: What is missing in it.
        load: Returns that draw; called if there is something to compute.
        device: Where to compute.
        advance: Called with the number of images done after each batch.
    """
    if not lacking.passes:
        return
    backbone = as_stored(load())
    for split, (rows, strides) in lacking.passes.items():
        cache.extract(backbone, split, rows, strides, device, advance)
