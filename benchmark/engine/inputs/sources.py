"""What a training reads per batch: images, cached features, or features computed on the spot.

Every source gives `dict[int, Tensor]` keyed by stride; key 1 is the normalised image (B, 3, S, S) float32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.tokens.grid import resample
from lovt_bench.benchmark.backbone.tokens.stored import StoredTokens, as_stored, stored_tokens
from lovt_bench.benchmark.contract.dataset import PixelStatistics
from lovt_bench.benchmark.contract.declared_facts import Normalisation
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.disk.digest import write_all
from lovt_bench.benchmark.engine.device.choice import mixed_precision
from lovt_bench.benchmark.engine.device.layout import training_format
from lovt_bench.benchmark.engine.inputs.rows import RowTensor

_SCALE_CHUNK = 256


class InputSource(Protocol):
    """Inputs of the rows of one split."""

    @property
    def rows(self) -> Sequence[RowTensor]:
        """What batches are gathered from."""
        ...

    def batch(self, indices: Tensor) -> dict[int, Tensor]:
        """Return the inputs of the given rows (int64, CPU) on the device."""
        ...


def scaled_images(store: ImageStore, rows: np.ndarray, side: int) -> np.ndarray:
    """Return uint8 (n, side, side): the stored images, antialiased-bilinearly scaled if the side differs."""
    if side == store.manifest.image_side:
        return store.images[_as_slice(rows)]
    chunks = [
        _scaled(store.images[rows[i : i + _SCALE_CHUNK]], side) for i in range(0, len(rows), _SCALE_CHUNK)
    ]
    return np.concatenate(chunks) if chunks else np.empty((0, side, side), np.uint8)


def _scaled(images: np.ndarray, side: int) -> np.ndarray:
    scaled = F.interpolate(
        torch.from_numpy(images)[:, None].float(), (side, side), mode="bilinear", antialias=True
    )
    return scaled.round_().clamp_(0, 255).to(torch.uint8)[:, 0].numpy()


def _as_slice(rows: np.ndarray) -> slice | np.ndarray:
    contiguous = len(rows) > 0 and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows)))
    return slice(int(rows[0]), int(rows[0]) + len(rows)) if contiguous else rows


class Images:
    """Normalised images: (x / 255 - mean) / std, repeated to three channels (evaluation.md section 5).

    With a declared normalisation each channel has its own mean and standard deviation.
    """

    def __init__(
        self,
        images: np.ndarray,
        statistics: PixelStatistics,
        device: torch.device,
        memory_format: torch.memory_format = torch.channels_last,
        declared: Normalisation | None = None,
    ) -> None:
        self._format = memory_format
        self._declared = None if declared is None else _by_channel(declared, device)
        self._rows = RowTensor(images, device, "images")
        self._scale = 1 / (255 * statistics.std)
        self._shift = statistics.mean / statistics.std

    @property
    def rows(self) -> Sequence[RowTensor]:
        return [self._rows]

    def image(self, indices: Tensor) -> Tensor:
        """Return (B, 3, S, S) float32."""
        if self._declared:
            scale, shift = self._declared
            image = self._rows[indices].float()[:, None] * scale - shift
            return image.contiguous(memory_format=self._format)
        grey = self._rows[indices].float().mul_(self._scale).sub_(self._shift)
        return grey[:, None].expand(-1, 3, -1, -1).contiguous(memory_format=self._format)

    def batch(self, indices: Tensor) -> dict[int, Tensor]:
        return {1: self.image(indices)}


def _by_channel(declared: Normalisation, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return scale and shift (3, 1, 1) of values from 0 to 255."""
    scale = [1 / (255 * std) for std in declared.std]
    shift = [mean / std for mean, std in zip(declared.mean, declared.std, strict=True)]
    return torch.tensor(scale, device=device)[:, None, None], torch.tensor(shift, device=device)[
        :, None, None
    ]


class CachedFeatures:
    """Feature levels that were extracted once; stored (n, c, h, w), delivered in float32 and in the device's layout."""

    def __init__(self, levels: Mapping[int, np.ndarray], images: Images | None, device: torch.device) -> None:
        self._format = training_format(device)
        self.levels = {
            stride: RowTensor(level, device, f"features at stride {stride}")
            for stride, level in levels.items()
        }
        self._images = images

    @property
    def rows(self) -> Sequence[RowTensor]:
        return [*self.levels.values(), *(self._images.rows if self._images else ())]

    def batch(self, indices: Tensor) -> dict[int, Tensor]:
        features = {
            stride: rows[indices].to(torch.float32, memory_format=self._format)
            for stride, rows in self.levels.items()
        }
        return features | (self._images.batch(indices) if self._images else {})


class CachedTokens:
    """Feature levels resampled from maps of tokens that were extracted once; each map is gathered once a batch.

    Args:
        maps: Stored (n, C, G, G), by the stride that they are stored under.
        tokens: How levels are read from them.
        strides: Strides that are read; 1 is the image.
        images: The images, where a stride below 4 is read.
        side: Side of the images in pixels.
        device: Where batches are wanted.
    """

    def __init__(
        self,
        maps: Mapping[int, np.ndarray],
        tokens: StoredTokens,
        strides: Sequence[int],
        images: Images | None,
        side: int,
        device: torch.device,
    ) -> None:
        self._tokens, self._strides, self._images, self._side = tokens, strides, images, side
        self._format = training_format(device)
        self.maps = {
            stride: RowTensor(array, device, f"tokens for stride {stride}") for stride, array in maps.items()
        }

    @property
    def rows(self) -> Sequence[RowTensor]:
        return [*self.maps.values(), *(self._images.rows if self._images else ())]

    def batch(self, indices: Tensor) -> dict[int, Tensor]:
        maps = {stride: rows[indices].float() for stride, rows in self.maps.items()}
        image = self._images.image(indices) if self._images else None
        levels = self._tokens.levels(maps, image, self._strides, self._side)
        return {
            stride: level.contiguous(memory_format=self._format) if stride != 1 else level
            for stride, level in levels.items()
        }


def resampled_rows(maps: np.ndarray, side: int, folder: Path, device: torch.device) -> RowTensor:
    """Return the rows of one level, resampled once from maps of tokens in float32.

    A linear head trains so fast that resampling at every read would take most of its time. The level lies in a file
    without a name, which the kernel reads and drops as it does with stored features, and which ends with the rows.

    Args:
        maps: (N, C, G, G).
        side: Side of the level.
        folder: Where the file lies.
        device: Where batches are wanted.
    """
    if maps.shape[-1] == side:
        return RowTensor(maps, device, "features")
    with TemporaryFile(dir=folder, buffering=0) as file:
        for start in range(0, len(maps), _SCALE_CHUNK):
            level = resample(torch.from_numpy(maps[start : start + _SCALE_CHUNK].astype(np.float32)), side)
            write_all(file, level.contiguous().numpy().data)
        rows = np.memmap(file, np.float32, "r", shape=(*maps.shape[:2], side, side))
    return RowTensor(rows, device, "features")


class LiveFeatures:
    """Feature levels of a frozen backbone, computed for every batch anew: the reference engine's way."""

    def __init__(self, backbone: nn.Module, strides: Sequence[int], images: Images, half: bool) -> None:
        self._strides, self._images, self._half = strides, images, half
        self._tokens, self._stored = stored_tokens(backbone), as_stored(backbone)

    @property
    def rows(self) -> Sequence[RowTensor]:
        return self._images.rows

    def batch(self, indices: Tensor) -> dict[int, Tensor]:
        image = self._images.image(indices)
        features = frozen_features(self._stored, image)
        if self._tokens:
            maps = {
                stride: (each.half() if self._half else each).float() for stride, each in features.items()
            }
            return self._tokens.levels(maps, image, self._strides, image.shape[-1])
        wanted = {stride: features[stride] for stride in self._strides if stride != 1}
        if self._half:
            wanted = {stride: level.half().float() for stride, level in wanted.items()}
        return wanted | ({1: image} if 1 in self._strides else {})


def frozen_features(backbone: nn.Module, image: Tensor) -> dict[int, Tensor]:
    """Return the feature levels of a frozen backbone: eval mode, no gradient (evaluation.md section 2.4).

    Computed in float32 on a CPU, under the published half-precision autocast on CUDA (evaluation.md section 1.1).
    """
    backbone.eval()
    with torch.no_grad(), mixed_precision(image.device):
        return backbone(image)
