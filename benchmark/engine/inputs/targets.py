"""Targets per batch: masks, kept packed eight pixels to a byte, or boxes, kept padded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lovt_bench.benchmark.data.preparers import prepare_command
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.inputs.rows import RowTensor
from lovt_bench.tasks.boxes import FRAME, BoxTarget

_CHUNK = 256


class TargetSource(Protocol):
    """Targets of the rows of one split."""

    @property
    def rows(self) -> Sequence[RowTensor]:
        """What batches are gathered from."""
        ...

    def batch(self, indices: Tensor) -> Any:
        """Return the targets of the given rows on the device."""
        ...


class MaskTargets:
    """Masks (B, C, S, S) uint8 with values 0 and 1."""

    def __init__(self, packed: np.ndarray, side: int, device: torch.device) -> None:
        self._rows, self._side = RowTensor(packed, device, "masks"), side
        self._shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=device)

    @property
    def rows(self) -> Sequence[RowTensor]:
        return [self._rows]

    def batch(self, indices: Tensor) -> Tensor:
        packed = self._rows[indices]
        bits = packed.unsqueeze(-1).bitwise_right_shift(self._shifts).bitwise_and_(1)
        return bits.view(*packed.shape[:2], self._side, self._side)


class BoxTargets:
    """Boxes x, y, w, h in the 224 frame, zero padded to the largest count of the split."""

    def __init__(self, boxes: np.ndarray, counts: np.ndarray, device: torch.device) -> None:
        self._boxes, self._counts = RowTensor(boxes, device, "boxes"), RowTensor(counts, device, "box counts")

    @property
    def rows(self) -> Sequence[RowTensor]:
        return [self._boxes, self._counts]

    def batch(self, indices: Tensor) -> BoxTarget:
        return BoxTarget(self._boxes[indices], self._counts[indices])


def mask_targets(store: ImageStore, rows: np.ndarray, side: int, device: torch.device) -> MaskTargets:
    """Read the masks of the rows, scaled nearest to `side`, packed."""
    return MaskTargets(packed_masks(store, rows, side), side, device)


def packed_masks(store: ImageStore, rows: np.ndarray, side: int) -> np.ndarray:
    """Return the masks of the rows, scaled nearest to `side`: uint8 (n, C, bytes), eight pixels a byte."""
    return np.concatenate(
        [_packed(store.masks(rows[i : i + _CHUNK]), side) for i in range(0, len(rows), _CHUNK)]
    )


def _packed(masks: np.ndarray, side: int) -> np.ndarray:
    if masks.shape[-1] != side:
        masks = F.interpolate(torch.from_numpy(masks), (side, side), mode="nearest-exact").numpy()
    return np.packbits(masks.reshape(*masks.shape[:2], -1), axis=-1)


def box_targets(store: ImageStore, rows: np.ndarray, device: torch.device) -> BoxTargets:
    """Read the boxes of the rows, from the frame of the stored image to that of 224 pixels.

    Raises:
        ValueError: A box is not finite, or a side is negative: its target would be no number, or lie in no cell.
    """
    ragged = [store.boxes(int(row)) for row in rows]
    counts = np.array([len(boxes) for boxes in ragged], dtype=np.int64)
    padded = np.zeros((len(rows), max(1, counts.max(initial=0)), 4), dtype=np.float32)
    for i, boxes in enumerate(ragged):
        padded[i, : len(boxes)] = boxes
    broken = ~np.isfinite(padded).all(axis=(1, 2)) | (padded[..., 2:] < 0).any(axis=(1, 2))
    if broken.any():
        (name,) = store.ids(rows[broken][:1])
        raise ValueError(
            f"{store.root}: image {name} has a box that is not finite or has a negative side; expected x, y, width and "
            f"height in pixels. Prepare it again: {prepare_command(store.manifest.name)} --force"
        )
    return BoxTargets(padded * np.float32(FRAME / store.manifest.image_side), counts, device)
