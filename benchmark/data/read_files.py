"""The files of a store as they are opened: what is small is held against its digest, what is large is mapped."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
import pyarrow as pa

from lovt_bench.benchmark.contract.dataset import DatasetManifest
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.errors import DamagedStoreError

Boxes = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Offsets int64 (N + 1), boxes float32 (M, 4), classes int64 (M)."""


def read_files(root: Path) -> tuple[DatasetManifest, pd.DataFrame, dict[str, np.ndarray], Boxes | None]:
    """Return manifest, index, memory-mapped arrays by file, and boxes of the store at `root`.

    Raises:
        FileNotFoundError: There is no store.
        DamagedStoreError: A file is missing, differs from its digest or has another shape than it should.
    """
    manifest = fmt.read_manifest(root)
    try:
        index = pd.read_parquet(_checked(root, fmt.INDEX, manifest))
        boxes = fmt.load_boxes(_checked(root, fmt.BOXES, manifest)) if manifest.has_boxes else None
    except DamagedStoreError:
        raise
    except (ValueError, KeyError, EOFError, BadZipFile, pa.ArrowException) as error:
        raise DamagedStoreError(root, f"index or boxes cannot be read: {error}") from error
    count, side = len(index), manifest.image_side
    if boxes is not None and len(boxes[0]) != count + 1:
        raise DamagedStoreError(root, f"{fmt.INDEX} has {count} rows, {fmt.BOXES} is of {len(boxes[0]) - 1}")
    shapes: dict[str, tuple[int, ...]] = {fmt.IMAGES: (count, side, side)}
    if manifest.has_masks:
        shapes[fmt.MASKS] = (count, len(manifest.classes), fmt.packed_size(side))
    arrays = {name: _mapped(root, name) for name in shapes}
    if wrong := [
        f"{name}: uint8 {shape} expected, found {arrays[name].dtype} {arrays[name].shape}"
        for name, shape in shapes.items()
        if (arrays[name].dtype, arrays[name].shape) != (np.uint8, shape)
    ]:
        raise DamagedStoreError(root, "; ".join(wrong))
    return manifest, index, arrays, boxes


def _checked(root: Path, name: str, manifest: DatasetManifest) -> io.BytesIO:
    path = root / name
    if not path.is_file():
        raise DamagedStoreError(root, f"{name} is missing")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest.files[name]:
        raise DamagedStoreError(root, f"{name}: content differs from its digest in {fmt.MANIFEST}")
    return io.BytesIO(content)


def _mapped(root: Path, name: str) -> np.ndarray:
    path = root / name
    if not path.is_file():
        raise DamagedStoreError(root, f"{name} is missing")
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DamagedStoreError(root, f"{name} cannot be read: {error}") from error
    return array
