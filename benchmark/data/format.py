"""The files of an image store. A store is written whole into a hidden folder beside its place, then renamed.

Nothing in a store is pickled; every file but `dataset.json` is named with its SHA-256 in `dataset.json`.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmark.contract.dataset import DatasetManifest

IMAGES, MASKS, BOXES, INDEX, MANIFEST = (
    "images.npy",
    "masks.npy",
    "boxes.npz",
    "index.parquet",
    "dataset.json",
)

INDEX_COLUMNS = ("id", "split", "order", "source", "source_sha256", "height", "width")
"""`order` counts from 0 within a split; `source` is relative to the raw folder; height and width are raw."""


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


def save_boxes(path: Path, boxes: Sequence[np.ndarray], classes: Sequence[np.ndarray]) -> None:
    """Write boxes (m, 4) and classes (m,) of each image, float32 and int64, with int64 offsets (N + 1)."""
    counts = [len(one) for one in boxes]
    np.savez(
        path,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        boxes=np.concatenate([np.zeros((0, 4)), *(np.reshape(b, (-1, 4)) for b in boxes)]).astype(np.float32),
        classes=np.concatenate([np.zeros(0), *classes]).astype(np.int64),
    )


def load_boxes(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (offsets, boxes, classes) of `boxes.npz`."""
    with np.load(path, allow_pickle=False) as archive:
        return archive["offsets"], archive["boxes"], archive["classes"]


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def ids_sha256(ids: Sequence[str]) -> str:
    """Return the SHA-256 of IDs joined by one line feed (split-digests.json, `sha256_ids_file_order`)."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


def store_names(folder: Path) -> list[str]:
    """Return the names of the stores in a data folder, sorted; hidden folders are work in progress."""
    found = folder.glob(f"*/{MANIFEST}")
    return sorted(path.parent.name for path in found if not path.parent.name.startswith("."))


def read_manifest(root: Path) -> DatasetManifest:
    """Read `dataset.json`.

    Raises:
        FileNotFoundError: There is no store at `root`; the message says how to make one.
    """
    path = root / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(
            f"no image store at {root}: expected {path.name} there. "
            f"Make it with: lovt-bench data prepare {root.name} --raw DIR"
        )
    return DatasetManifest.model_validate_json(path.read_bytes())


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `target` when the block ends well, and vanishes else."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield folder
        folder.chmod(0o755)
        put_in_place(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(folder: Path, target: Path) -> None:
    """Rename a finished folder to `target`; what lay there goes only once the new one is in place."""
    if not target.exists():
        folder.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    target.rename(old / "store")
    try:
        folder.rename(target)
    except OSError:
        (old / "store").rename(target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
