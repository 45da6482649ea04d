"""Features of a frozen backbone, extracted once per (backbone, dataset, image side) and shared by every run.

The protocol has no augmentation, so a frozen backbone sees each image once. A feature file never changes after it
was renamed into place; its folder is named by a digest of everything that the numbers depend on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmark.contract.base import digest_of
from benchmark.contract.dataset import SplitName
from benchmark.data.store import ImageStore
from benchmark.engine.inputs import Images, frozen_features, scaled_images
from benchmark.log import logger
from benchmark.workspace import atomic_path, write_text

_FORMAT = 1
_BATCH = 32
_HALF_MAX = 65504.0


class FeatureCache:
    """Feature files of one backbone draw on one dataset.

    Args:
        root: `workspace/features`.
        backbone_sha256: Digest of the weights, or of the drawing rule.
        seed: Seed of the draw for a backbone that is drawn per run, else None.
        store: The image store.
        side: Side of the network input.
        half: Store half precision (protocol entry `frozen_feature_precision`).
    """

    def __init__(
        self, root: Path, backbone_sha256: str, seed: int | None, store: ImageStore, side: int, half: bool
    ) -> None:
        identity = {
            "format": _FORMAT,
            "backbone": backbone_sha256,
            "seed": seed,
            "dataset": store.manifest.identity(),
            "side": side,
            "half": half,
        }
        self.store, self.side, self.half = store, side, half
        self.folder = root / f"{store.manifest.name}-{digest_of(identity)[:24]}"
        self._identity = identity

    def missing(self, split: SplitName, rows: int, strides: Sequence[int]) -> list[int]:
        """Return the strides whose file lacks some of the first `rows` rows of the split."""
        return [stride for stride in strides if self._rows_of(split, stride) < rows]

    def load(self, split: SplitName, rows: int, strides: Sequence[int]) -> dict[int, np.ndarray]:
        """Return memory-mapped (rows, h, w, c) arrays by stride. Call `extract` for what is missing first."""
        return {stride: np.load(self._path(split, stride), mmap_mode="r")[:rows] for stride in strides}

    def extract(
        self,
        backbone: nn.Module,
        split: SplitName,
        rows: int,
        strides: Sequence[int],
        device: torch.device,
        advance: Callable[[int], None] = lambda images: None,
    ) -> None:
        """Compute the given levels of the first `rows` rows of a split and write them atomically.

        `advance` is called with the number of images done after each batch.
        """
        write_text(self.folder / "features.json", json.dumps(self._identity, indent=2) + "\n")
        indices = self.store.rows(split)[:rows]
        source = Images(
            scaled_images(self.store, indices, self.side), self.store.manifest.pixel_statistics, device
        )
        backbone = backbone.to(device).to(memory_format=torch.channels_last)
        files: dict[int, np.memmap] = {}
        with ExitStack() as stack:
            paths = {
                stride: stack.enter_context(atomic_path(self._path(split, stride))) for stride in strides
            }
            for batch in torch.arange(rows).split(_BATCH):
                levels = frozen_features(backbone, source.image(batch))
                for stride in strides:
                    level = levels[stride].permute(0, 2, 3, 1).contiguous()
                    if stride not in files:
                        files[stride] = np.lib.format.open_memmap(
                            paths[stride],
                            "w+",
                            np.float16 if self.half else np.float32,
                            (rows, *level.shape[1:]),
                        )
                    files[stride][batch.numpy()] = self._stored(level).cpu().numpy()
                advance(len(batch))
            for file in files.values():
                file.flush()
        logger.debug(
            "features: %s %s, %d images, strides %s", self.store.manifest.name, split, rows, list(strides)
        )

    def _stored(self, level: torch.Tensor) -> torch.Tensor:
        """Half precision as the published autocast gives it; values beyond its range are an error, not infinity."""
        if not self.half:
            return level
        largest = float(level.abs().amax())
        if not largest <= _HALF_MAX:
            raise ValueError(
                f"the backbone's features on {self.store.manifest.name} reach {largest:.3g}; expected finite values "
                f"up to {_HALF_MAX:.0f} (half precision). Check the weights with `lovt-bench backbone check`."
            )
        return level.half()

    def _path(self, split: SplitName, stride: int) -> Path:
        return self.folder / f"{split}-stride{stride}.npy"

    def _rows_of(self, split: SplitName, stride: int) -> int:
        path = self._path(split, stride)
        return len(np.load(path, mmap_mode="r")) if path.is_file() else 0
