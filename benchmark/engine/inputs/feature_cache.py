"""Features of a frozen backbone, extracted once per (backbone, dataset, image side) and shared by every run.

The protocol has no augmentation, so a frozen backbone sees each image once. A feature file never changes after it
was renamed into place; its folder is named by a digest of everything that the numbers depend on. Its own digest is
taken of what is meant to be written (`feature_files.py`).
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from io import FileIO
from pathlib import Path

import numpy as np
import torch
from pydantic import JsonValue
from torch import nn

from lovt_bench.benchmark.backbone.model import BATCH
from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.declared_facts import Normalisation
from lovt_bench.benchmark.contract.made_with import ForwardSpeed
from lovt_bench.benchmark.data.npy import npy_header
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.disk.digest import write_all
from lovt_bench.benchmark.disk.temporary import new_file
from lovt_bench.benchmark.disk.words import naming
from lovt_bench.benchmark.engine.inputs.behind import Behind
from lovt_bench.benchmark.engine.inputs.feature_backend import (
    COMPARED,
    FeatureBackend,
    Library,
    choose_backend,
)
from lovt_bench.benchmark.engine.inputs.feature_files import FeatureFiles
from lovt_bench.benchmark.engine.inputs.forward_speed import Stopwatch
from lovt_bench.benchmark.engine.inputs.sources import Images, scaled_images
from lovt_bench.benchmark.log import logger

_FORMAT = 3
"""2: which library computed the features was measured, and not part of what they depend on."""
_DEPENDS_ON_MORE = ("format", "library")
"""Entries that tell features of this format from those of one before."""
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
        autocast: Whether features are computed under the published autocast, that is on CUDA.
        library: What computes them by rule (`feature_backend.library_for`); where it cannot, PyTorch does.
        tokens: Whether maps of tokens are stored in the place of levels (`StoredTokens`).
        normalisation: That of the images, where it is declared; None: by the store's statistics.
    """

    def __init__(
        self,
        root: Path,
        backbone_sha256: str,
        seed: int | None,
        store: ImageStore,
        side: int,
        half: bool,
        autocast: bool = False,
        library: Library = "torch",
        tokens: bool = False,
        normalisation: Normalisation | None = None,
    ) -> None:
        identity: dict[str, JsonValue] = {
            "format": _FORMAT,
            "backbone": backbone_sha256,
            "seed": seed,
            "dataset": store.manifest.identity(),
            "side": side,
            "half": half,
            "library": library,
        }
        if autocast:
            identity["autocast"] = "float16"
        if tokens:
            identity["stored"] = "tokens"
        if normalisation:
            identity["normalisation"] = normalisation.digest()
        self._normalisation = normalisation
        self._kind = "tokens" if tokens else "stride"
        self.store, self.side, self.half, self._library = store, side, half, library
        self.folder = root / f"{store.manifest.name}-{digest_of(identity)[:24]}"
        self._files = FeatureFiles(self.folder, identity)
        self._backend: tuple[nn.Module, FeatureBackend] | None = None

    def missing(self, split: SplitName, rows: int, strides: Sequence[int]) -> list[int]:
        """Return the strides whose file lacks some of the first `rows` rows of the split.

        Files that were changed since they were written are thrown away, with a warning, and are missing.
        """
        return [stride for stride in strides if self._rows_of(split, stride) < rows]

    def load(self, split: SplitName, rows: int, strides: Sequence[int]) -> dict[int, np.ndarray]:
        """Return memory-mapped (rows, c, h, w) arrays by stride. Call `extract` for what is missing first."""
        return {
            stride: np.load(self._path(split, stride), mmap_mode="r", allow_pickle=False)[:rows]
            for stride in strides
        }

    def libraries(self, splits: Sequence[SplitName], strides: Sequence[int]) -> set[str]:
        """Return which libraries computed these files, with versions, as far as it is known."""
        return self._files.libraries(self._names(splits, strides))

    def speeds(self, splits: Sequence[SplitName], strides: Sequence[int]) -> list[ForwardSpeed]:
        """Return how fast the bare forwards of these files were, and where, as far as it is known."""
        return self._files.speeds(self._names(splits, strides))

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
        self._files.make_folder()
        self._files.remove_older(_DEPENDS_ON_MORE)
        indices = self.store.rows(split)[:rows]
        source = self._images(scaled_images(self.store, indices, self.side), device)
        compute, speed = self._backend_for(backbone, device), Stopwatch(device)
        on_cuda = device.type == "cuda"
        with ExitStack() as stack:
            paths = {stride: stack.enter_context(new_file(self._path(split, stride))) for stride in strides}
            files = {
                stride: stack.enter_context(path.open("wb", buffering=0)) for stride, path in paths.items()
            }
            digests = {stride: hashlib.sha256() for stride in strides}
            begun: set[int] = set()

            def put(stride: int, content: bytes | memoryview) -> None:
                hashing.call(digests[stride].update, content)
                with naming(self._path(split, stride)):
                    write_all(files[stride], content)

            def write(levels: dict[int, torch.Tensor]) -> None:
                for stride, level in levels.items():
                    stored = self._stored(level)
                    if stride not in begun:
                        begun.add(stride)
                        put(stride, npy_header((rows, *stored.shape[1:]), stored.dtype))
                    put(stride, stored.data)

            with Behind() as hashing, Behind() as behind:
                for batch in torch.arange(rows).split(BATCH):
                    image = source.image(batch)
                    levels = speed.of(partial(compute, image, strides), len(batch))
                    # A GPU waits neither for copies nor for the disk, a CPU not for the disk.
                    if on_cuda:
                        behind.call(write, levels)
                    else:
                        write(levels)
                    behind.call(_sync, files)
                    advance(len(batch))
            self._files.put(
                {self._path(split, stride).name: digests[stride].hexdigest() for stride in strides},
                lambda: stack.pop_all().close(),
                compute.library,
                speed.result,
            )
        logger.debug(
            "features: %s %s, %d images, strides %s", self.store.manifest.name, split, rows, list(strides)
        )

    def _backend_for(self, backbone: nn.Module, device: torch.device) -> FeatureBackend:
        """Return the library for a backbone: decided once, on the first images of the dataset, for all splits."""
        if self._backend is None or self._backend[0] is not backbone:
            first = scaled_images(self.store, np.arange(min(len(self.store), COMPARED)), self.side)
            sample = self._images(first, device).image(torch.arange(len(first)))
            self._backend = backbone, choose_backend(backbone, sample, self._library)
        return self._backend[1]

    def _images(self, pixels: np.ndarray, device: torch.device) -> Images:
        statistics = self.store.manifest.pixel_statistics
        return Images(pixels, statistics, device, declared=self._normalisation)

    def _stored(self, level: torch.Tensor) -> np.ndarray:
        """Return (B, c, h, w) in the precision that is stored.

        Half precision as the published autocast gives it; values beyond its range are an error, not infinity.
        """
        dtype = torch.float16 if self.half else torch.float32
        stored = level.to(dtype, memory_format=torch.contiguous_format)
        if not all(math.isfinite(bound) for bound in torch.stack(stored.aminmax()).tolist()):
            largest = float(level.abs().amax())
            raise ValueError(
                f"the backbone's features on {self.store.manifest.name} reach {largest:.3g}; expected finite values "
                f"up to {_HALF_MAX:.0f} (half precision). Check the weights with `lovt-bench backbone check`."
            )
        return stored.cpu().numpy()

    def _names(self, splits: Sequence[SplitName], strides: Sequence[int]) -> list[str]:
        return [self._path(split, stride).name for split in splits for stride in strides]

    def _path(self, split: SplitName, stride: int) -> Path:
        return self.folder / f"{split}-{self._kind}{stride}.npy"

    def _rows_of(self, split: SplitName, stride: int) -> int:
        return self._files.rows(self._path(split, stride).name)


def _sync(files: Mapping[int, FileIO]) -> None:
    """Bring to disk what is written: a file that is renamed into place is whole whatever happens."""
    for file in files.values():
        os.fdatasync(file.fileno())
