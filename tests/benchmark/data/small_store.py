"""Write a store from arrays in one line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, PixelStatistics, SplitName, Splits, Track
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.folders import PUBLISHED
from lovt_bench.benchmark.data.seal import seal
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.disk.digest import DigestedFile
from lovt_bench.benchmark.disk.temporary import new_folder


def write_store(
    root: Path,
    *,
    images: np.ndarray,
    split_of: Sequence[SplitName] | None = None,
    ids: Sequence[str] | None = None,
    masks: np.ndarray | None = None,
    boxes: Sequence[np.ndarray] | None = None,
    box_classes: Sequence[np.ndarray] | None = None,
    classes: Sequence[str] | None = None,
    name: str | None = None,
    track: Track = "phantom",
    splits: Splits = "seeded",
    split_seed: int | None = 0,
    pixel_statistics: PixelStatistics | None = None,
    protocol: str = "lovt-2022",
    data_protocol_sha256: str = PUBLISHED,
    notes: Sequence[str] = (),
) -> ImageStore:
    """Write a store from arrays at once; small stores need `root` and `images` only.

    Args:
        images: uint8 (N, S, S). Rows are put in split order, otherwise their order is kept.
        split_of: Split of each image; by default the first half trains, the rest is halved.
        masks: 0/1 (N, C, S, S).
        boxes: Per image float (m, 4) x, y, w, h in stored pixels.
        classes: By default one name per mask channel, or `finding`.
        pixel_statistics: By default those of the stored training images.

    Raises:
        ValueError: Shapes or lengths do not fit.
    """
    n, side = len(images), images.shape[-1]
    if images.dtype != np.uint8 or images.shape != (n, side, side):
        raise ValueError(f"images must be uint8 (N, S, S), found {images.dtype} {images.shape}")
    if masks is not None and (masks.ndim != 4 or masks.shape[::2] != (n, side) or masks.shape[3] != side):
        raise ValueError(f"masks must be (N, C, S, S) for images {images.shape}, found {masks.shape}")
    if split_of is None:
        ends: dict[SplitName, int] = {"train": n // 2, "validation": n // 2 + n // 4, "test": n}
        split_of = [next(split for split, end in ends.items() if row < end) for row in range(n)]
    ids = ids or [f"image-{row:05d}" for row in range(n)]
    lengths = {"ids": len(ids), "split_of": len(split_of)} | ({} if boxes is None else {"boxes": len(boxes)})
    if set(lengths.values()) != {n}:
        raise ValueError(f"expected {n} entries, one per image, found {lengths}")
    order = sorted(range(n), key=lambda row: SPLIT_NAMES.index(split_of[row]))
    if pixel_statistics is None:
        train = images[[row for row in order if split_of[row] == "train"] or order] / 255.0
        pixel_statistics = PixelStatistics(mean=float(train.mean()), std=max(float(train.std()), 1e-6))
    channels = 1 if masks is None else masks.shape[1]
    classes = classes or (["finding"] if channels == 1 else [f"class-{c}" for c in range(channels)])
    with new_folder(root) as folder:
        arrays = {fmt.IMAGES: _save(folder / fmt.IMAGES, images[order])}
        if masks is not None:
            arrays[fmt.MASKS] = _save(folder / fmt.MASKS, fmt.pack_masks(masks[order]))
        index = pd.DataFrame({"id": [ids[row] for row in order], "split": [split_of[row] for row in order]})
        index = index.assign(source="", source_sha256="0" * 64, height=side, width=side)
        seal(
            folder,
            arrays=arrays,
            index=index,
            boxes=None if boxes is None else [boxes[row] for row in order],
            box_classes=None if box_classes is None else [box_classes[row] for row in order],
            name=name or root.name,
            track=track,
            splits=splits,
            split_seed=split_seed,
            classes=list(classes),
            pixel_statistics=pixel_statistics,
            protocol=protocol,
            data_protocol_sha256=data_protocol_sha256,
            notes=list(notes),
            image_side=side,
        )
    return ImageStore.read(root)


def _save(path: Path, array: np.ndarray) -> str:
    """Write an array and return the SHA-256 of what was meant to be written."""
    with DigestedFile(path) as file:
        np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    return file.sha256
