"""Check a store from the outside: digests, counts, ranges. Returns what is wrong and prints nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.contract.dataset import SPLIT_NAMES
from benchmark.contract.protocol import Protocol
from benchmark.data import format as fmt
from benchmark.data.official import is_official, published
from benchmark.data.seal import summarise
from benchmark.data.store import ImageStore

STATISTICS_TOLERANCE = 1e-3
"""Largest difference to the published mean and std that decoders of other versions explain."""


@dataclass(frozen=True)
class Report:
    """Problems make a store unfit; remarks are worth knowing."""

    problems: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def verify_store(root: Path, protocol: Protocol) -> Report:
    """Check the store at `root` against its manifest, its own targets and the protocol's entries."""
    try:
        manifest = fmt.read_manifest(root)
    except (FileNotFoundError, ValueError) as error:
        return Report((str(error),))
    damaged = [
        f"{name}: {'is missing' if not (root / name).is_file() else 'content differs from its digest'}"
        for name, digest in manifest.files.items()
        if not (root / name).is_file() or fmt.file_sha256(root / name) != digest
    ]
    if damaged:
        return Report(tuple(damaged))
    try:
        store = ImageStore.open(root)
    except (ValueError, OSError, KeyError) as error:
        return Report((f"store cannot be opened: {error}",))
    problems = [*_index(store), *_images(store), *_targets(store), *_protocol(store, protocol)]
    published_problems, remarks = _published(store)
    remarks += [f"note: {note}" for note in manifest.notes]
    return Report((*problems, *published_problems), tuple(remarks))


def _index(store: ImageStore) -> Iterator[str]:
    index, manifest = store.index, store.manifest
    if missing := [name for name in fmt.INDEX_COLUMNS if name not in index.columns]:
        yield f"index.parquet: columns {missing} are missing"
        return
    for name in index["id"][index["id"].duplicated()]:
        yield f"index.parquet: duplicate ID {name}"
    places = index["split"].map({split: place for place, split in enumerate(SPLIT_NAMES)})
    if places.isna().any() or not places.is_monotonic_increasing:
        yield "index.parquet: rows must be train, then validation, then test"
    if (index["order"] != index.groupby("split").cumcount()).any():
        yield "index.parquet: `order` must count from 0 within each split"
    if ((index["height"] < 1) | (index["width"] < 1)).any():
        yield "index.parquet: raw sizes must be positive"
    counts = None
    if manifest.has_boxes:
        counts = np.array([len(store.boxes(row)) for row in range(len(store))], dtype=np.int64)
    for split, found in summarise(index, counts).items():
        if found != manifest.split_summaries[split]:
            yield f"dataset.json: {split} says {manifest.split_summaries[split]}, the files hold {found}"


def _images(store: ImageStore) -> Iterator[str]:
    side = store.manifest.image_side
    if store.images.dtype != np.uint8 or store.images.shape != (len(store), side, side):
        found = f"{store.images.dtype} {store.images.shape}"
        yield f"images.npy: uint8 ({len(store)}, {side}, {side}) expected, found {found}"
        return
    for row in range(len(store)):
        if store.images[row].min() == store.images[row].max():
            yield f"images.npy: image {store.ids([row])[0]} is one flat grey"


def _targets(store: ImageStore) -> Iterator[str]:
    manifest, classes = store.manifest, len(store.manifest.classes)
    if manifest.has_masks:
        packed = np.load(store.root / fmt.MASKS, mmap_mode="r", allow_pickle=False)
        shape = (len(store), classes, fmt.packed_size(manifest.image_side))
        if packed.dtype != np.uint8 or packed.shape != shape:
            yield f"masks.npy: uint8 {shape} expected, found {packed.dtype} {packed.shape}"
    if not manifest.has_boxes:
        return
    offsets, boxes, box_classes = fmt.load_boxes(store.root / fmt.BOXES)
    if offsets[0] != 0 or offsets[-1] != len(boxes) or (np.diff(offsets) < 0).any():
        yield "boxes.npz: offsets must ascend from 0 to the number of boxes"
    if boxes.dtype != np.float32 or boxes.shape != (len(boxes), 4) or len(box_classes) != len(boxes):
        yield f"boxes.npz: float32 (M, 4) and M classes expected, found {boxes.dtype} {boxes.shape}"
        return
    for row in range(len(store)):
        for x, y, w, h in store.boxes(row).tolist():
            if not (np.isfinite([x, y, w, h]).all() and w > 0 and h > 0):
                yield f"boxes.npz: box ({x:g}, {y:g}, {w:g}, {h:g}) of {store.ids([row])[0]} has no area"
    if len(box_classes) and not (box_classes.min() >= 0 and box_classes.max() < classes):
        yield f"boxes.npz: class indices must lie in 0…{classes - 1}"


def _protocol(store: ImageStore, protocol: Protocol) -> Iterator[str]:
    manifest = store.manifest
    if manifest.protocol == protocol.name and manifest.data_protocol_sha256 != protocol.data.digest():
        yield f"dataset.json: protocol {protocol.name} has changed since the store was prepared"


def _published(store: ImageStore) -> tuple[list[str], list[str]]:
    """Compare a store on official splits with what was published; returns (problems, remarks)."""
    manifest = store.manifest
    if manifest.splits != "official":
        return [], []
    if not is_official(manifest.name, {split: store.ids(store.rows(split)) for split in SPLIT_NAMES}):
        return [
            f"dataset.json: splits are called official, but IDs differ from the published {manifest.name}"
        ], []
    known, own = published()[manifest.name], manifest.pixel_statistics
    off = max(abs(own.mean - known.pixel_statistics.mean), abs(own.std - known.pixel_statistics.std))
    remark = (
        f"published pixel mean {known.pixel_statistics.mean:.6f}, std {known.pixel_statistics.std:.6f}; "
        f"here {own.mean:.6f}, {own.std:.6f}"
    )
    problems = [f"dataset.json: pixel statistics are off by {off:.2g}: {remark}"] * (
        off > STATISTICS_TOLERANCE
    )
    for split, summary in manifest.split_summaries.items():
        expected = known.splits[split]
        if manifest.has_boxes and (summary.images_with_boxes, summary.boxes) != (
            expected.images_with_boxes,
            expected.boxes,
        ):
            problems.append(
                f"{split}: {expected.boxes} boxes on {expected.images_with_boxes} images were published, "
                f"found {summary.boxes} on {summary.images_with_boxes}"
            )
    return problems, [remark]
