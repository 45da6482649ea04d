"""Builds what the runs of one task read, the fast way (cached features) or the plain way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from lovt_bench.benchmark.backbone.platform import platform_of
from lovt_bench.benchmark.backbone.sources import BackboneSource
from lovt_bench.benchmark.backbone.tokens.model import TOKEN_STRIDES
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.contract.declared_facts import Normalisation
from lovt_bench.benchmark.contract.made_with import WORDS_LIMIT
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.run_record import Engine
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.device.layout import training_format
from lovt_bench.benchmark.engine.inputs.extraction import Demand, Missing, cache_of, extract, missing
from lovt_bench.benchmark.engine.inputs.feature_backend import TORCH
from lovt_bench.benchmark.engine.inputs.feature_cache import FeatureCache
from lovt_bench.benchmark.engine.inputs.residence import Residence
from lovt_bench.benchmark.engine.inputs.rows import RowTensor
from lovt_bench.benchmark.engine.inputs.sizes import SplitSizes
from lovt_bench.benchmark.engine.inputs.sources import (
    CachedFeatures,
    CachedTokens,
    Images,
    InputSource,
    LiveFeatures,
    resampled_rows,
    scaled_images,
)
from lovt_bench.benchmark.engine.inputs.splits import LinearSplit, SplitData
from lovt_bench.benchmark.engine.inputs.targets import TargetSource, box_targets, mask_targets
from lovt_bench.tasks.heads import head_strides


@dataclass(frozen=True)
class TaskData:
    """Everything of one task that does not differ between its runs."""

    spec: TaskSpec
    protocol: Protocol
    store: ImageStore
    sizes: SplitSizes
    source: BackboneSource
    side: int
    device: torch.device
    engine: Engine
    features_root: Path

    @property
    def channels(self) -> dict[int, int]:
        """Channels by stride, the image (stride 1) included."""
        return {1: 3} | {level.stride: level.channels for level in self.source.levels}

    @property
    def strides(self) -> tuple[int, ...]:
        """Strides that the head reads; 1 is the image."""
        return head_strides(self.spec)

    @property
    def levels(self) -> list[int]:
        """Strides of the feature levels among them."""
        return [stride for stride in self.strides if stride != 1]

    @property
    def stored(self) -> list[int]:
        """Strides under which lies what a feature cache holds for them: levels, or maps of tokens."""
        tokens = self.source.tokens
        return self.levels if tokens is None else tokens.maps_of(self.levels)

    def size(self, split: SplitName) -> int:
        """Number of rows of the split that the task uses."""
        return int(getattr(self.sizes, split))

    @cached_property
    def images(self) -> dict[SplitName, Images]:
        """Normalised images of each split."""
        return {split: self._images(split) for split in SPLIT_NAMES}

    @cached_property
    def residence(self) -> Residence:
        """Decides what of this lies on the device."""
        return Residence(self.device)

    @cached_property
    def _drawn(self) -> dict[int | None, Mapping[SplitName, InputSource]]:
        """Cached features of the last draw of the backbone: runs that share them share what lies on the device."""
        return {}

    @cached_property
    def targets(self) -> dict[SplitName, TargetSource]:
        """Targets of each split."""
        return {split: self._targets(split) for split in SPLIT_NAMES}

    def cache(self, seed: int) -> FeatureCache:
        """Return the feature cache that a run of that seed reads."""
        return cache_of(
            self.features_root,
            self.source,
            seed,
            self.store,
            side=self.side,
            half=self.half,
            device=self.device,
            normalisation=self.normalisation,
        )

    def feature_library(self, seed: int) -> str | None:
        """Return what computed the features that a run of that seed reads; None where there are none, or none knows."""
        if self.spec.backbone == "fine-tuned":
            return None
        if self.engine == "reference":
            return TORCH
        return ", ".join(sorted(self.cache(seed).libraries(SPLIT_NAMES, self.stored)))[:WORDS_LIMIT] or None

    def forward_speed(self, seed: int) -> float | None:
        """Return the images a second of the backbone's bare forward, where it was measured on what computes here."""
        if self.spec.backbone == "fine-tuned" or self.engine == "reference":
            return None
        here = platform_of(self.device)
        found = self.cache(seed).speeds(SPLIT_NAMES, self.stored)
        return max((speed.images_per_second for speed in found if speed.is_of(here)), default=None)

    @property
    def demand(self) -> Demand:
        """What the task reads of a feature cache."""
        return {(split, stride): self.size(split) for split in SPLIT_NAMES for stride in self.stored}

    def stored_bytes(self, lacking: Missing) -> int:
        """Return the bytes that an extraction writes."""
        value, tokens = 2 if self.half else 4, self.source.tokens
        return sum(
            rows
            * self.channels[stride]
            * (-(-self.side // stride) if tokens is None else tokens.grid(self.side)) ** 2
            * value
            for rows, strides in lacking.passes.values()
            for stride in strides
        )

    def _whole_cache(self, seed: int) -> FeatureCache:
        """Return the cache of a seed. What its job extracted may have been damaged since: then it is made again."""
        cache = self.cache(seed)
        extract(cache, missing(cache, self.demand), lambda: self.source.load(seed), self.device)
        return cache

    def single(self, seed: int) -> dict[str, SplitData]:
        """Return the splits as a single run of that seed reads them."""
        return {
            split: SplitData(self.size(split), inputs, self.targets[split])
            for split, inputs in self._inputs(seed).items()
        }

    def linear(self, seeds: list[int]) -> dict[str, LinearSplit]:
        """Return the splits as a batched linear head reads them, features shared by runs of one draw."""
        draws: dict[int | None, FeatureCache] = {}
        for seed in seeds:
            draw = seed if self.source.drawn_per_run else None
            if draw not in draws:
                draws[draw] = self._whole_cache(seed)
        (stride,) = self.strides
        splits: dict[str, LinearSplit] = {}
        for split in SPLIT_NAMES:
            rows = {draw: self._linear_rows(cache, split, stride) for draw, cache in draws.items()}
            features = [rows[seed if self.source.drawn_per_run else None] for seed in seeds]
            splits[split] = LinearSplit(self.size(split), features, self.targets[split])  # type: ignore[arg-type]
        return splits

    def _linear_rows(self, cache: FeatureCache, split: SplitName, stride: int) -> RowTensor:
        (stored,) = self.stored
        array = cache.load(split, self.size(split), [stored])[stored]
        if self.source.tokens is None:
            return RowTensor(array, self.device, "features")
        return resampled_rows(array, self.side // stride, cache.folder, self.device)

    def _inputs(self, seed: int) -> Mapping[SplitName, InputSource]:
        if self.spec.backbone == "fine-tuned":
            return self.images
        if self.engine == "reference":
            backbone = self.source.load(seed).to(self.device)
            return {
                split: LiveFeatures(backbone, self.strides, images, self.half)
                for split, images in self.images.items()
            }
        draw = seed if self.source.drawn_per_run else None
        if draw not in self._drawn:
            self._drawn.clear()
            cache = self._whole_cache(seed)
            self._drawn[draw] = {split: self._cached(cache, split) for split in SPLIT_NAMES}
        return self._drawn[draw]

    def _cached(self, cache: FeatureCache, split: SplitName) -> InputSource:
        stored, tokens = cache.load(split, self.size(split), self.stored), self.source.tokens
        if tokens is None:
            return CachedFeatures(stored, self.images[split] if 1 in self.strides else None, self.device)
        images = self.images[split] if min(self.strides) < TOKEN_STRIDES[0] else None
        return CachedTokens(stored, tokens, self.strides, images, self.side, self.device)

    @property
    def normalisation(self) -> Normalisation | None:
        """That which the backbone declares, where the protocol uses it; None: by the store's statistics."""
        return self.source.normalisation if self.protocol.data.normalisation == "declared" else None

    @property
    def half(self) -> bool:
        """Whether features are stored in half precision."""
        return self.protocol.optimisation.frozen_feature_precision == "float16"

    def _images(self, split: SplitName) -> Images:
        rows = self.store.rows(split)[: self.size(split)]
        return Images(
            scaled_images(self.store, rows, self.side),
            self.store.manifest.pixel_statistics,
            self.device,
            training_format(self.device),
            self.normalisation,
        )

    def _targets(self, split: SplitName) -> TargetSource:
        rows = self.store.rows(split)[: self.size(split)]
        if self.spec.target == "boxes":
            return box_targets(self.store, rows, self.device)
        return mask_targets(self.store, rows, self.side, self.device)
