"""Check a store from the outside: digests, counts, ranges. Returns what is wrong and prints nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.errors import DamagedStoreError
from lovt_bench.benchmark.data.folders import store_folder
from lovt_bench.benchmark.data.official import is_official, published
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.disk.intact import damage

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
    except DamagedStoreError as error:
        return Report((error.problem,))
    except FileNotFoundError as error:
        return Report((str(error),))
    if damaged := damage(root, manifest.files, trust=False):
        return Report(tuple(f"{name}: {problem}" for name, problem in damaged.items()))
    try:
        store = ImageStore.read(root)
    except DamagedStoreError as error:
        return Report((error.problem,))
    problems = [*store.contradictions(), *_images(store), *_boxes(store), *_protocol(store, protocol)]
    published_problems, remarks = _published(store)
    remarks += [f"note: {note}" for note in manifest.notes]
    own = store_folder(root.parent, manifest.name, manifest.data_protocol_sha256)
    if own.name != root.name:
        remarks.append(f"protocol {manifest.protocol} looks for this store in {own.name}")
    return Report((*problems, *published_problems), tuple(remarks))


def _images(store: ImageStore) -> Iterator[str]:
    for row in range(len(store)):
        if store.images[row].min() == store.images[row].max():
            yield f"images.npy: image {store.ids([row])[0]} is one flat grey"


def _boxes(store: ImageStore) -> Iterator[str]:
    manifest = store.manifest
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
    classes = len(manifest.classes)
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
        return [], []  # one of the contradictions
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
