"""The files of an image store. A store is written whole under a temporary name, then renamed (`benchmark.disk`).

Nothing in a store is pickled; every file but `dataset.json` is named with its SHA-256 in `dataset.json`.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lovt_bench.benchmark.contract.dataset import DatasetManifest
from lovt_bench.benchmark.contract.manifest_files import DATASET, read_dataset_manifest
from lovt_bench.benchmark.contract.model_file import ModelFileError
from lovt_bench.benchmark.contract.plain_file import holders
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.benchmark.data.errors import DamagedStoreError

IMAGES, MASKS, BOXES, INDEX, MANIFEST = (
    "images.npy",
    "masks.npy",
    "boxes.npz",
    "index.parquet",
    DATASET,
)

INDEX_COLUMNS = ("id", "split", "order", "source", "source_sha256", "height", "width")
"""`order` counts from 0 within a split; `source` is relative to the raw folder; height and width are raw."""

PERSON_COLUMNS = ("sex", "age", "view", "patient", "lesion_areas")
"""Whom an image shows (`person.py`) and, by class, the share of the raw image that its target covers. Stores that were
made before there were such columns, or from arrays, have none of them."""

PERSON_TYPES = {"sex": "string", "age": "Int16", "view": "string", "patient": "string"}
"""Types of these columns, all of which may have gaps; `lesion_areas` is a list of float32 in each row."""


ZIP64_VERSION = 45
"""What a ZIP member with 64-bit sizes asks of its reader (PKWARE: APPNOTE.TXT, "version needed to extract")."""


def packed_size(side: int) -> int:
    """Return the bytes of one packed mask: 6272 for 224 x 224."""
    return (side * side + 7) // 8


def pack_masks(masks: np.ndarray) -> np.ndarray:
    """Pack 0/1 masks (..., S, S) into uint8 (..., packed_size(S)), most significant bit first."""
    flat = np.ascontiguousarray(masks).reshape(*masks.shape[:-2], -1)
    return np.packbits(flat.astype(bool), axis=-1)


def unpack_masks(packed: np.ndarray, side: int) -> np.ndarray:
    """Return uint8 0/1 masks (..., side, side) of packed ones (..., packed_size(side))."""
    flat = np.unpackbits(packed, axis=-1, count=side * side)
    return flat.reshape(*packed.shape[:-1], side, side)


def boxes_content(boxes: Sequence[np.ndarray], classes: Sequence[np.ndarray]) -> bytes:
    """Return `boxes.npz`: boxes (m, 4) and classes (m,) of each image, float32 and int64, int64 offsets (N + 1)."""
    counts = [len(one) for one in boxes]
    content = io.BytesIO()
    np.savez(
        content,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        boxes=np.concatenate([np.zeros((0, 4)), *(np.reshape(b, (-1, 4)) for b in boxes)]).astype(np.float32),
        classes=np.concatenate([np.zeros(0), *classes]).astype(np.int64),
    )
    return as_newer_pythons_write(content.getvalue())


def as_newer_pythons_write(archive: bytes) -> bytes:
    """Return an archive of `numpy.savez` with the headers that Python writes since 3.11.4.

    Older ones write the sizes of members into fields that say there "see the extra field" (gh-103861), so that equal
    boxes had two digests, and a store of Debian 12 another identity than the same store elsewhere.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members, directory = opened.infolist(), opened.start_dir
    content = bytearray(archive)
    version, see_extra = struct.pack("<H", ZIP64_VERSION), b"\xff" * 8
    for member in members:
        local = member.header_offset
        content[local + 4 : local + 6] = version
        content[local + 18 : local + 26] = see_extra
        content[directory + 4 : directory + 5] = version[:1]
        content[directory + 6 : directory + 8] = version
        name, extra, comment = struct.unpack_from("<HHH", content, directory + 28)
        directory += 46 + name + extra + comment
    return bytes(content)


def load_boxes(file: Path | BinaryIO) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (offsets, boxes, classes) of `boxes.npz`."""
    with np.load(file, allow_pickle=False) as archive:
        return archive["offsets"], archive["boxes"], archive["classes"]


def ids_sha256(ids: Sequence[str]) -> str:
    """Return the SHA-256 of IDs joined by one line feed (split-digests.json, `sha256_ids_file_order`)."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


def read_manifest(root: Path) -> DatasetManifest:
    """Read `dataset.json`.

    Raises:
        FileNotFoundError: There is no store at `root`; the message says how to make one.
        DamagedStoreError: It cannot be read, was edited, or names other files than a store has.
    """
    try:
        manifest = read_dataset_manifest(root, "it")
    except (FileNotFoundError, NotADirectoryError) as error:
        from lovt_bench.benchmark.data.preparers import prepare_command

        known = holders(root.parent, MANIFEST)
        raise FileNotFoundError(
            f"no image store at {root}: expected {MANIFEST} there{meant(root.name, known)}. "
            f"Make it with: {prepare_command(root.name.partition('@')[0])}"
        ) from error
    except ModelFileError as error:
        raise DamagedStoreError(root, f"{MANIFEST} cannot be read ({error})") from error
    if not manifest.is_intact():
        raise DamagedStoreError(root, f"{MANIFEST} was edited: its content differs from its digest")
    expected = {
        IMAGES,
        INDEX,
        *([MASKS] if manifest.has_masks else []),
        *([BOXES] if manifest.has_boxes else []),
    }
    if wrong := expected ^ manifest.files.keys():
        raise DamagedStoreError(
            root, f"{MANIFEST} names other files than it should: {', '.join(sorted(wrong))}"
        )
    return manifest
