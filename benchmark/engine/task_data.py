"""Builds what the runs of one task read, the fast way (cached features) or the plain way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from lovt_bench.benchmark.backbone.sources import BackboneSource
from lovt_bench.benchmark.contract.backbone import ONNX_ONLY
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.contract.made_with import WORDS_LIMIT
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.run_record import Engine
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.feature_backend import TORCH, library_for
from lovt_bench.benchmark.engine.features import FeatureCache
from lovt_bench.benchmark.engine.inputs import (
    CachedFeatures,
    Images,
    InputSource,
    LiveFeatures,
    scaled_images,
)
from lovt_bench.benchmark.engine.linear_batch import LinearSplit
from lovt_bench.benchmark.engine.loaders import SplitData
from lovt_bench.benchmark.engine.memory import training_format
from lovt_bench.benchmark.engine.plan import SplitSizes
from lovt_bench.benchmark.engine.residence import Residence
from lovt_bench.benchmark.engine.rows import RowTensor
from lovt_bench.benchmark.engine.targets import TargetSource, box_targets, mask_targets
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
        return FeatureCache(
            self.features_root,
            self.source.sha256,
            seed if self.source.drawn_per_run else None,
            self.store,
            self.side,
            self.half,
            autocast=self.device.type == "cuda",
            library=library_for(
                self.device, len(self.store), self.side, graph=self.source.architecture == ONNX_ONLY
            ),
        )

    def feature_library(self, seed: int) -> str | None:
        """Return what computed the features that a run of that seed reads; None where there are none, or none knows."""
        if self.spec.backbone == "fine-tuned":
            return None
        if self.engine == "reference":
            return TORCH
        levels = [stride for stride in self.strides if stride != 1]
        return ", ".join(sorted(self.cache(seed).libraries(SPLIT_NAMES, levels)))[:WORDS_LIMIT] or None

    def extract(self, seed: int) -> FeatureCache:
        """Extract what is missing and return the cache."""
        cache = self.cache(seed)
        levels = [stride for stride in self.strides if stride != 1]
        backbone: nn.Module | None = None
        for split in SPLIT_NAMES:
            missing = cache.missing(split, self.size(split), levels)
            if missing:
                backbone = backbone or self.source.load(seed)
                cache.extract(backbone, split, self.size(split), missing, self.device)
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
                draws[draw] = self.extract(seed)
        (stride,) = self.strides
        splits: dict[str, LinearSplit] = {}
        for split in SPLIT_NAMES:
            rows = {
                draw: RowTensor(
                    cache.load(split, self.size(split), [stride])[stride], self.device, "features"
                )
                for draw, cache in draws.items()
            }
            features = [rows[seed if self.source.drawn_per_run else None] for seed in seeds]
            splits[split] = LinearSplit(self.size(split), features, self.targets[split])  # type: ignore[arg-type]
        return splits

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
            cache = self.extract(seed)
            levels = [stride for stride in self.strides if stride != 1]
            self._drawn[draw] = {
                split: CachedFeatures(
                    cache.load(split, self.size(split), levels),
                    self.images[split] if 1 in self.strides else None,
                    self.device,
                )
                for split in SPLIT_NAMES
            }
        return self._drawn[draw]

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
        )

    def _targets(self, split: SplitName) -> TargetSource:
        rows = self.store.rows(split)[: self.size(split)]
        if self.spec.target == "boxes":
            return box_targets(self.store, rows, self.device)
        return mask_targets(self.store, rows, self.side, self.device)
